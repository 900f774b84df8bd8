/** Online, offline and visibility (rule L12, G11), with the globals of a page put in place. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidHandshakeError } from "../../../src/errors.ts";
import { connected, type Fixture, STEADY, start } from "./fixture.ts";

/** A page whose network and visibility the test decides. */
class FakePage {
  readonly window: EventTarget = new EventTarget();
  readonly document: { visibilityState: string } = { visibilityState: "visible" };
  readonly navigator: { onLine: boolean } = { onLine: true };
  /** How many listen. */
  listening = 0;

  constructor() {
    const add = this.window.addEventListener.bind(this.window);
    const remove = this.window.removeEventListener.bind(this.window);
    this.window.addEventListener = (...args: Parameters<typeof add>) => {
      this.listening += 1;
      add(...args);
    };
    this.window.removeEventListener = (...args: Parameters<typeof remove>) => {
      this.listening -= 1;
      remove(...args);
    };
  }

  /** The network comes, or goes. */
  online(isOnline: boolean): void {
    this.navigator.onLine = isOnline;
    this.window.dispatchEvent(new Event(isOnline ? "online" : "offline"));
  }

  /** The page is seen, or not. */
  show(visibilityState: "visible" | "hidden"): void {
    this.document.visibilityState = visibilityState;
    // It goes up from the document to the window.
    this.window.dispatchEvent(new Event("visibilitychange"));
  }
}

/** Runs a test in a page. */
function inPage(title: string, use: (page: FakePage) => Promise<void>): void {
  test(title, async () => {
    const page = new FakePage();
    const globals: Record<string, unknown> = {
      document: page.document,
      navigator: page.navigator,
      addEventListener: page.window.addEventListener,
      removeEventListener: page.window.removeEventListener,
    };
    const before = Object.keys(globals).map(
      (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
    );
    for (const [name, value] of Object.entries(globals)) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
    try {
      await use(page);
    } finally {
      for (const [name, descriptor] of before) {
        if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
        else Object.defineProperty(globalThis, name, descriptor);
      }
    }
  });
}

/** A client that waits a minute for its next attempt. */
async function waiting(): Promise<Fixture> {
  const fixture = await connected({ retryConfig: { ...STEADY, interval: 60, maxWaitInterval: 60 } });
  fixture.socket.end();
  assert.equal(fixture.wait, 60);
  return fixture;
}

inPage("L12 G11 without a network nothing is tried, and at most 0.5 s after it is back", async (page) => {
  const fixture = await waiting();
  page.online(false);
  await fixture.clock.advance(3600);
  assert.equal(fixture.attempts, 1);
  assert.equal(fixture.clock.pending, 0, "nothing ticks meanwhile");
  page.online(true);
  await fixture.clock.advance(0.5);
  assert.equal(fixture.attempts, 2);
});

inPage("L12 a network that comes back before its time is tried at once, and once", async (page) => {
  const fixture = await waiting();
  page.online(false);
  await fixture.clock.advance(10);
  page.online(true);
  page.online(true);
  await fixture.clock.advance(0.5);
  assert.equal(fixture.attempts, 2);
  fixture.socket.open();
  await fixture.clock.advance(300);
  assert.equal(fixture.attempts, 2);
});

inPage("L12 so is a page that is seen again, and one that is hidden is not", async (page) => {
  const fixture = await waiting();
  page.show("hidden");
  await fixture.clock.advance(1);
  assert.equal(fixture.attempts, 1);
  page.show("visible");
  await fixture.clock.advance(0.5);
  assert.equal(fixture.attempts, 2);
});

inPage("L12 G11 a hidden page whose network is back is tried all the same", async (page) => {
  const fixture = await waiting();
  page.show("hidden");
  page.online(false);
  await fixture.clock.advance(120);
  assert.equal(fixture.attempts, 1);
  page.online(true);
  await fixture.clock.advance(0.5);
  assert.equal(fixture.attempts, 2);
});

inPage("L12 a page that is seen without a network waits for it", async (page) => {
  const fixture = await waiting();
  page.online(false);
  page.show("visible");
  await fixture.clock.advance(120);
  assert.equal(fixture.attempts, 1);
  page.online(true);
  await fixture.clock.advance(0.5);
  assert.equal(fixture.attempts, 2);
});

inPage("L12 L8 what the server asked for is waited for all the same", async (page) => {
  const fixture = await start({ retryConfig: STEADY });
  fixture.socket.refuse(new InvalidHandshakeError("Later", { status: 503, retryAfter: 20 }));
  await fixture.clock.advance(10);
  page.online(true);
  await fixture.clock.advance(9.9);
  assert.equal(fixture.attempts, 1);
  await fixture.clock.advance(5.1);
  assert.equal(fixture.attempts, 2);
});

inPage("L12 while it connects or is open, nothing changes", async (page) => {
  const fixture = await start({ retryConfig: STEADY });
  page.online(true);
  page.show("visible");
  await fixture.clock.advance(2);
  assert.equal(fixture.attempts, 1);
  fixture.socket.open();
  page.online(false);
  page.online(true);
  await fixture.clock.advance(2);
  assert.equal(fixture.attempts, 1);
  assert.equal(fixture.session.state, "open");
  // The same after a wait that is over.
  fixture.socket.end();
  await fixture.clock.advance(fixture.wait);
  assert.equal(fixture.attempts, 2);
  page.online(true);
  await fixture.clock.advance(2);
  fixture.socket.open();
  page.online(true);
  await fixture.clock.advance(2);
  assert.equal(fixture.attempts, 2);
  assert.equal(fixture.session.state, "open");
});

inPage("L11 L12 after the end nobody listens, and no attempt follows", async (page) => {
  const closed = await waiting();
  const refused = await start();
  assert.notEqual(page.listening, 0);
  await closed.session.close(1000, "", 60);
  refused.socket.refuse();
  assert.equal(page.listening, 0);
  page.online(true);
  page.show("visible");
  await closed.clock.advance(300);
  assert.deepEqual([closed.attempts, refused.attempts], [1, 1]);
});

inPage("L11 close() while there is no network is final", async (page) => {
  const fixture = await waiting();
  page.online(false);
  await fixture.clock.advance(60);
  await fixture.session.close(1000, "", 60);
  page.online(true);
  await fixture.clock.advance(300);
  assert.equal(fixture.attempts, 1);
  assert.deepEqual([page.listening, fixture.clock.pending], [0, 0]);
});
