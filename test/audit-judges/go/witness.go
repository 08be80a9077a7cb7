package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	flog "github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A witness of one log, https://c2sp.org/tlog-witness, in memory. Notes, checkpoints, proofs and cosignatures are read and made by code that
// nobody here wrote.
type witness struct {
	origin string
	log    note.Verifier
	key    note.Signer
	mu     sync.Mutex
	size   int64
	root   tlog.Hash
}

type refusal struct {
	status int
	reason string
}

func (r refusal) Error() string { return r.reason }

type stale struct{ size int64 }

func (stale) Error() string { return "the old size is another" }

// Serves until it is killed; tells its address first.
func serveWitness(origin, logVkey, skey string) {
	verifier, err := fnote.NewVerifier(logVkey)
	if err != nil {
		fail("vkey", err)
	}
	signer, err := fnote.NewSignerForCosignatureV1(skey)
	if err != nil {
		fail("skey", err)
	}
	w := &witness{origin: origin, log: verifier, key: signer}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail("listen", err)
	}
	fmt.Println("http://" + listener.Addr().String())
	http.HandleFunc("POST /add-checkpoint", w.handle)
	fail("serve", http.Serve(listener, nil))
}

func (w *witness) handle(answer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, 1<<16))
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	line, err := w.add(body)
	var old stale
	var refused refusal
	switch {
	case errors.As(err, &old):
		answer.Header().Set("Content-Type", "text/x.tlog.size")
		answer.WriteHeader(http.StatusConflict)
		fmt.Fprintf(answer, "%d\n", old.size)
	case errors.As(err, &refused):
		http.Error(answer, refused.reason, refused.status)
	default:
		fmt.Fprint(answer, line)
	}
}

func (w *witness) add(body []byte) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	head, signed, found := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	if !found || err != nil || !strings.HasPrefix(lines[0], "old ") || len(lines) > 64 {
		return "", refusal{http.StatusBadRequest, "no old size"}
	}
	var proof tlog.TreeProof
	for _, line := range lines[1:] {
		bytes, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(bytes) != tlog.HashSize {
			return "", refusal{http.StatusBadRequest, "no proof"}
		}
		proof = append(proof, hash(bytes))
	}
	if !bytes.HasPrefix(signed, []byte(w.origin+"\n")) {
		return "", refusal{http.StatusNotFound, "unknown log"}
	}
	checkpoint, _, opened, err := flog.ParseCheckpoint(signed, w.origin, w.log)
	if err != nil {
		return "", refusal{http.StatusForbidden, err.Error()}
	}
	size, root := int64(checkpoint.Size), hash(checkpoint.Hash)
	if old > size {
		return "", refusal{http.StatusBadRequest, "the old size is above the size"}
	}
	if old != w.size {
		return "", stale{w.size}
	}
	if old == 0 {
		if len(proof) > 0 {
			return "", refusal{http.StatusUnprocessableEntity, "a proof from nothing"}
		}
	} else if err := tlog.CheckTree(proof, size, root, old, w.root); err != nil {
		return "", refusal{http.StatusUnprocessableEntity, err.Error()}
	}
	w.size, w.root = size, root
	cosigned, err := note.Sign(&note.Note{Text: opened.Text}, w.key)
	if err != nil {
		return "", refusal{http.StatusInternalServerError, err.Error()}
	}
	return string(cosigned[len(opened.Text)+1:]), nil
}
