/* global AbortSignal, URL, URLSearchParams, clearTimeout, document, fetch, location, setTimeout, window */
/**
 * A stand-in for Stripe.js: what our checkout page uses of it, with the names and the answers of https://docs.stripe.com/js. The fields are in a
 * frame of the sandbox's origin; this script never sees what is typed there. It runs under a policy with no inline style or script.
 */
(() => {
  'use strict';

  const ORIGIN = new URL(document.currentScript.src).origin;
  const ANSWER_TIMEOUT_MS = 30_000;
  const LOAD_TIMEOUT_MS = 15_000;

  const integrationError = (message) => Object.assign(new Error(message), { name: 'IntegrationError' });

  const unreachable = () => ({
    error: {
      type: 'api_connection_error',
      message:
        'We are experiencing issues connecting to our payments provider. You have not been charged. Please check your internet ' +
        'connection and try again.',
    },
  });

  const style = (element, properties) => Object.assign(element.style, properties);

  /** As high as the page in the frame says that it is, within bounds. */
  const resize = (element, height) => {
    if (Number.isFinite(height)) style(element, { height: `${Math.min(Math.max(height, 40), 2_000)}px` });
  };

  /** A page of the sandbox in a frame, and what is said between the two: to it alone, and heard from it alone. */
  const openFrame = (page, title, options, heard) => {
    const frame = document.createElement('iframe');
    frame.src = `${ORIGIN}/endive/${page}?origin=${encodeURIComponent(location.origin)}`;
    frame.title = title;
    frame.allow = 'payment *';
    style(frame, { border: '0', width: '100%', display: 'block', colorScheme: 'light dark' });
    const asked = new Map();
    let lastId = 0;
    const tell = (message) => frame.contentWindow?.postMessage({ ...message, sandbox: 'stripe' }, ORIGIN);
    const loading = setTimeout(() => {
      heard({
        type: 'loaderror',
        error: { type: 'api_connection_error', message: 'The payment form could not be loaded.' },
      });
    }, LOAD_TIMEOUT_MS);
    const listen = (event) => {
      if (event.origin !== ORIGIN || event.source !== frame.contentWindow || event.data?.sandbox !== 'stripe') return;
      const message = event.data;
      if (message.type === 'hello') {
        clearTimeout(loading);
        tell({ type: 'configure', options });
      } else if (message.type === 'answer') {
        asked.get(message.id)?.(message.result);
        asked.delete(message.id);
      } else if (message.type === 'scheme') style(frame, { colorScheme: message.scheme });
      else heard(message);
    };
    window.addEventListener('message', listen);
    return {
      element: frame,
      /** Resolves to what the frame answers; to an error when it does not. */
      ask: (name, data) =>
        new Promise((resolve) => {
          const id = (lastId += 1);
          const timer = setTimeout(() => {
            asked.delete(id);
            resolve(unreachable());
          }, ANSWER_TIMEOUT_MS);
          asked.set(id, (result) => {
            clearTimeout(timer);
            resolve(result);
          });
          tell({ type: 'ask', id, name, data });
        }),
      close: () => {
        clearTimeout(loading);
        window.removeEventListener('message', listen);
        frame.remove();
      },
    };
  };

  /** Shows a page of the sandbox above ours until it is answered or closed. Resolves to which it was. */
  const openModal = (page, title, options) =>
    new Promise((resolve) => {
      const dialog = document.createElement('dialog');
      dialog.setAttribute('aria-label', title);
      style(dialog, {
        border: '0',
        borderRadius: '8px',
        padding: '0',
        width: 'min(440px, calc(100vw - 24px))',
        height: '320px',
        maxHeight: 'calc(100vh - 24px)',
        overflow: 'hidden',
      });
      const before = document.activeElement;
      const done = (how) => {
        frame.close();
        dialog.remove();
        before?.focus?.();
        resolve(how);
      };
      const frame = openFrame(page, title, options, ({ type, height }) => {
        if (type === 'resize') resize(dialog, height);
        if (type === 'answered' || type === 'closed' || type === 'loaderror') done(type);
      });
      style(frame.element, { height: '100%' });
      dialog.append(frame.element);
      dialog.addEventListener('close', () => done('closed')); // by Escape
      document.body.append(dialog);
      dialog.showModal();
      frame.element.focus();
    });

  /** Who listens to an element; `of` is what that has besides `on`, `once` and `off`, which give the element. */
  const withListeners = (of) => {
    const listeners = new Map();
    const element = {
      ...of,
      on: (name, listener) => {
        listeners.set(name, [...(listeners.get(name) ?? []), listener]);
        return element;
      },
      once: (name, listener) => {
        const once = (event) => {
          element.off(name, once);
          listener(event);
        };
        return element.on(name, once);
      },
      off: (name, listener) => {
        listeners.set(name, listener ? (listeners.get(name) ?? []).filter((each) => each !== listener) : []);
        return element;
      },
    };
    const emit = (name, event = {}) => {
      for (const listener of listeners.get(name) ?? []) listener({ elementType: 'payment', ...event });
    };
    return { element, emit };
  };

  /** The element with the fields. `options` are those of `elements()`. */
  const createPaymentElement = (options) => {
    let frame;
    let submitted = false;
    const heard = (message) => {
      if (message.type === 'resize') resize(frame.element, message.height);
      else if (message.type === 'change') {
        submitted = false;
        const { complete, empty, value } = message;
        emit('change', { complete, empty, collapsed: false, value });
      } else if (['ready', 'focus', 'blur', 'loaderror'].includes(message.type)) {
        emit(message.type, message.type === 'loaderror' ? { error: message.error } : {});
      }
    };
    const mounted = () => {
      if (!frame)
        throw integrationError('This Element is not mounted: call mount() first, and wait for its ready event.');
      return frame;
    };
    const unmount = () => {
      frame?.close();
      frame = undefined;
    };
    const { element, emit } = withListeners({
      mount: (place) => {
        const parent = typeof place === 'string' ? document.querySelector(place) : place;
        if (!parent) throw integrationError(`The selector you specified (${place}) applies to no DOM elements.`);
        unmount();
        frame = openFrame('payment.html', 'Secure payment input frame', options, heard);
        // The room that the frame keeps for rings stands out of its place, so that the fields are as wide as what is around them.
        style(frame.element, { height: '240px', width: 'calc(100% + 8px)', margin: '-4px' });
        parent.replaceChildren(frame.element);
      },
      unmount,
      destroy: unmount,
      focus: () => {
        mounted().element.focus();
        void mounted().ask('focus');
      },
      clear: () => void mounted().ask('clear'),
      update: (changes) => void mounted().ask('update', changes),
    });
    return {
      element,
      submit: async () => {
        const result = await mounted().ask('submit');
        submitted = result.error === undefined;
        return result;
      },
      createToken: (params) => {
        if (!submitted)
          throw integrationError('elements.submit() must be called before stripe.createConfirmationToken().');
        return mounted().ask('createToken', params);
      },
    };
  };

  const methodTypes = ({ paymentMethodTypes, allowedPaymentMethodTypes, currency }) =>
    paymentMethodTypes ??
    allowedPaymentMethodTypes ??
    (currency === undefined || currency === 'usd' ? ['card', 'us_bank_account'] : ['card']);

  const assertElements = ({ mode, amount, currency, clientSecret }) => {
    if (clientSecret !== undefined) return;
    if (mode !== 'payment' && mode !== 'setup')
      throw integrationError("elements() needs a mode: 'payment' or 'setup'.");
    if (mode === 'payment' && !(Number.isInteger(amount) && amount > 0)) {
      throw integrationError('elements() needs an amount greater than 0 where the mode is payment.');
    }
    if (mode === 'payment' && !/^[a-z]{3}$/.test(currency ?? '')) {
      throw integrationError('elements() needs a currency of three lowercase letters where the mode is payment.');
    }
  };

  const ownForm = new WeakMap();

  const createElements = (publishableKey, options) => {
    assertElements(options);
    let form;
    const elements = {
      create: (type, { defaultValues } = {}) => {
        if (type !== 'payment') throw integrationError(`The sandbox's Stripe.js has no ${type} element.`);
        if (form) throw integrationError('Can only create one Element of type payment.');
        form = createPaymentElement({
          publishableKey,
          methodTypes: methodTypes(options),
          appearance: options.appearance,
          billingDetails: defaultValues?.billingDetails,
        });
        ownForm.set(elements, form);
        return form.element;
      },
      getElement: (type) => (type === 'payment' ? (form?.element ?? null) : null),
      submit: async () => {
        if (!form) throw integrationError('elements.submit() needs a payment Element.');
        return form.submit();
      },
      update: ({ appearance }) => {
        if (appearance) form?.element.update({ appearance });
      },
    };
    return elements;
  };

  /** `{ id, path, name }` of the intent that a client secret is of. */
  const intentOf = (clientSecret) => {
    const id = /^((?:pi|seti)_[0-9A-Za-z]+)_secret_[0-9A-Za-z]+$/.exec(clientSecret ?? '')?.[1];
    if (id === undefined)
      throw integrationError('The client secret must look like pi_..._secret_... or seti_..._secret_...');
    const isPayment = id.startsWith('pi_');
    return {
      id,
      path: `/v1/${isPayment ? 'payment' : 'setup'}_intents/${id}`,
      name: isPayment ? 'paymentIntent' : 'setupIntent',
    };
  };

  /** Calls the API as the browser does; resolves to `{ intent }` or `{ error }`. */
  const callWith = (publishableKey) => async (path, parameters, body) => {
    const query = parameters === undefined ? '' : `?${new URLSearchParams(parameters).toString()}`;
    try {
      const response = await fetch(ORIGIN + path + query, {
        method: body ? 'POST' : 'GET',
        headers: { Authorization: `Bearer ${publishableKey}` },
        credentials: 'omit',
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
        ...(body && { body: new URLSearchParams(body) }),
      });
      const answer = await response.json();
      return response.ok ? { intent: answer } : { error: answer.error };
    } catch {
      return unreachable();
    }
  };

  /** The intent, as the functions that retrieve one resolve. */
  const resultOfRetrieval = (name, { intent, error }) => (error ? { error } : { [name]: intent });

  /** The intent, or the error of its last attempt, as the other functions of Stripe.js resolve. */
  const resultOf = (name, found) => {
    const last = found.intent?.last_payment_error ?? found.intent?.last_setup_error;
    if (found.intent?.status === 'requires_payment_method' && last) {
      return { error: { ...last, [name === 'paymentIntent' ? 'payment_intent' : 'setup_intent']: found.intent } };
    }
    return resultOfRetrieval(name, found);
  };

  /** Goes to the page that a confirmation names, with how it ended. Never resolves. */
  const goTo = (returnUrl, name, { id, status }, clientSecret) => {
    const target = new URL(returnUrl);
    const parameter = name === 'paymentIntent' ? 'payment_intent' : 'setup_intent';
    target.searchParams.set(parameter, id);
    target.searchParams.set(`${parameter}_client_secret`, clientSecret);
    target.searchParams.set('redirect_status', status);
    return leaveFor(target.href);
  };

  const leaveFor = (address) => {
    location.assign(address);
    return new Promise(() => undefined);
  };

  const createConfirmationToken = async ({ elements, params = {} }) => {
    const form = ownForm.get(elements);
    if (!form)
      throw integrationError('stripe.createConfirmationToken() needs an Elements instance with a payment Element.');
    return form.createToken(params);
  };

  const createStripe = (publishableKey) => {
    if (!/^pk_/.test(publishableKey ?? '')) {
      throw integrationError('Please call Stripe() with your publishable key. You used a value that is none.');
    }

    /** Of the form, for what is shown above the page later. */
    let appearance;

    const call = callWith(publishableKey);

    const retrieve = async (clientSecret) => {
      const { path } = intentOf(clientSecret);
      return call(path, { client_secret: clientSecret });
    };

    /** Lets the customer do what the intent waits for, and gives what became of it. One that they closed still waits. */
    const act = async (clientSecret, found) => {
      const { id, name } = intentOf(clientSecret);
      const action = found.intent?.status === 'requires_action' ? found.intent.next_action : undefined;
      if (action?.type === 'redirect_to_url') return leaveFor(action.redirect_to_url.url);
      if (action?.type !== 'use_stripe_sdk') return resultOf(name, found);
      const how = await openModal('challenge.html', '3D Secure authentication', { intent: id, appearance });
      if (how === 'loaderror') return unreachable();
      return resultOf(name, await retrieve(clientSecret));
    };

    const confirm = async ({ elements, clientSecret, confirmParams = {}, redirect = 'always' }) => {
      const { path, name } = intentOf(clientSecret);
      let token = confirmParams.confirmation_token;
      if (token === undefined) {
        const made = await createConfirmationToken({ elements, params: confirmParams });
        if (made.error) return made;
        token = made.confirmationToken.id;
      }
      const body = { client_secret: clientSecret, confirmation_token: token, use_stripe_sdk: 'true' };
      if (confirmParams.return_url !== undefined) body.return_url = confirmParams.return_url;
      const result = await act(clientSecret, await call(`${path}/confirm`, undefined, body));
      if (result.error || redirect === 'if_required' || confirmParams.return_url === undefined) return result;
      return goTo(confirmParams.return_url, name, result[name], clientSecret);
    };

    const show = async (clientSecret) => resultOfRetrieval(intentOf(clientSecret).name, await retrieve(clientSecret));

    return {
      elements: (options = {}) => {
        ({ appearance } = options);
        return createElements(publishableKey, options);
      },
      createConfirmationToken,
      handleNextAction: async ({ clientSecret }) => act(clientSecret, await retrieve(clientSecret)),
      confirmPayment: confirm,
      confirmSetup: confirm,
      retrievePaymentIntent: show,
      retrieveSetupIntent: show,
    };
  };

  const Stripe = (publishableKey) => createStripe(publishableKey);
  Stripe.version = 'endive';
  window.Stripe = Stripe;
})();
