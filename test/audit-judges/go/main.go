// Judges what libs/audit wrote with code that nobody here wrote: golang.org/x/mod/sumdb (note, tlog) and, for the types of key that
// note does not know, github.com/transparency-dev/formats. Reads one JSON document from stdin; prints "verified: ..." or says what
// does not hold and exits 1. Bytes are base64. `witness ORIGIN VKEY SKEY` is a witness of that log instead.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Size, Index int64
	Root, Leaf  []byte
	Proof       [][]byte
}

type consistency struct {
	Older, Newer         int64
	OlderRoot, NewerRoot []byte
	Proof                [][]byte
}

type signed struct {
	Note  string
	Vkeys []string
}

type document struct {
	Notes       []signed
	Inclusion   []inclusion
	Consistency []consistency
	// A checkpoint that Go is to sign and to cosign: key as note.NewSigner reads it.
	Sign struct{ Text, Skey string }
}

func fail(what string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	os.Exit(1)
}

func hash(b []byte) (h tlog.Hash) {
	if len(b) != tlog.HashSize {
		fail("hash", fmt.Errorf("%d bytes", len(b)))
	}
	copy(h[:], b)
	return h
}

func hashes(all [][]byte) (out []tlog.Hash) {
	for _, b := range all {
		out = append(out, hash(b))
	}
	return out
}

// Every key that is named must have signed.
func checkNote(s signed) {
	for _, vkey := range s.Vkeys {
		verifier, err := fnote.NewVerifier(vkey)
		if err != nil {
			fail(vkey, err)
		}
		opened, err := note.Open([]byte(s.Note), note.VerifierList(verifier))
		if err != nil {
			fail(vkey, err)
		}
		// Rounds off: what Go reads of the checkpoint is what stands in it.
		if _, err := tlog.ParseTree([]byte("go.sum database tree\n" + after(opened.Text))); err != nil {
			fail("checkpoint", err)
		}
	}
}

// The text without its first line, the origin: tlog.ParseTree knows one origin only.
func after(text string) string {
	for i := range text {
		if text[i] == '\n' {
			return text[i+1:]
		}
	}
	return ""
}

func sign(text, skey string) string {
	plain, err := note.NewSigner(skey)
	if err != nil {
		fail("skey", err)
	}
	witness, err := fnote.NewSignerForCosignatureV1(skey)
	if err != nil {
		fail("skey", err)
	}
	made, err := note.Sign(&note.Note{Text: text}, plain, witness)
	if err != nil {
		fail("sign", err)
	}
	return string(made)
}

func main() {
	if len(os.Args) == 5 && os.Args[1] == "witness" {
		serveWitness(os.Args[2], os.Args[3], os.Args[4])
	}
	var d document
	if err := json.NewDecoder(os.Stdin).Decode(&d); err != nil {
		fail("stdin", err)
	}
	for _, s := range d.Notes {
		checkNote(s)
	}
	for _, p := range d.Inclusion {
		if tlog.CheckRecord(hashes(p.Proof), p.Size, hash(p.Root), p.Index, hash(p.Leaf)) != nil {
			fail("inclusion", fmt.Errorf("leaf %d of %d", p.Index, p.Size))
		}
	}
	for _, p := range d.Consistency {
		if tlog.CheckTree(hashes(p.Proof), p.Newer, hash(p.NewerRoot), p.Older, hash(p.OlderRoot)) != nil {
			fail("consistency", fmt.Errorf("%d to %d", p.Older, p.Newer))
		}
	}
	answer := map[string]any{
		"notes": len(d.Notes), "inclusion": len(d.Inclusion), "consistency": len(d.Consistency),
	}
	if d.Sign.Skey != "" {
		answer["signed"] = sign(d.Sign.Text, d.Sign.Skey)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		fail("stdout", err)
	}
}
