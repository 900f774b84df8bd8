/**
 * `switchboard connect`: talks to a WebSocket server.
 *
 * @module
 */

import type { ClientConfig } from "../src/client/client_config.ts";
import { type Clock, systemClock } from "../src/clock.ts";
import { WebSocketError } from "../src/errors.ts";
import { type Command, type Streams, UsageError } from "./command.ts";
import { converse, prompt, readsLines } from "./console/conversation.ts";
import { dial } from "./console/dial.ts";
import { EXIT, showFailure } from "./console/failure.ts";
import type { View } from "./console/happening.ts";
import { CONNECT_HELP } from "./console/help.ts";
import { toAuth, toSecureSocket } from "./console/identity.ts";
import type { Dial, Watcher } from "./console/link.ts";
import { Pings } from "./console/pings.ts";
import type { PromptSlot } from "./console/prompt_sink.ts";
import { toView } from "./console/screen.ts";
import { Session } from "./console/session.ts";
import { type Settings, toSettings, toShownUrl } from "./console/settings.ts";
import { Stops } from "./console/stops.ts";

/** Talks to a WebSocket server, at a terminal or in a pipe. */
export const connectCommand: Command = {
  summary: "Connects to a WebSocket server: type lines, see messages",
  help: CONNECT_HELP,
  run: async (args, streams) =>
    await connect(toSettings(args), streams, { dial, clock: systemClock, now: () => new Date() }),
};

/** What the command stands on; tests have their own. */
export interface Ground {
  readonly dial: Dial;
  readonly clock: Clock;
  /** The time of day. */
  now(): Date;
}

/** Connects and converses until the end, and gives the exit code. */
export async function connect(settings: Settings, streams: Streams, { dial, clock, now }: Ground): Promise<number> {
  const config = await toConfig(settings, streams);
  const pings = new Pings(clock);
  const slot: PromptSlot = {};
  const stops = new Stops();
  const view = toView(settings, streams, { slot, onBroken: () => stops.leave(), now });
  const release = streams.onSignal?.((signal) => stops.end(signal === "SIGTERM" ? EXIT.terminated : EXIT.interrupted));
  try {
    const dialled = dial(settings.url, { ...config, signal: stops.signal }, toWatcher(settings, view, pings));
    const link = await Promise.race([dialled, stops.ended]);
    if (typeof link === "number") return link;
    const session = new Session(link, view, settings, clock);
    stops.hand(session);
    await showOpen(view, settings, link.subprotocol, false);
    const conversation = { settings, link, session, view, pings };
    const ended = session.run();
    if (streams.edit !== undefined && !settings.json && readsLines(settings, true)) {
      await view.show({ event: "note", text: "Type a line to send it, /help for more, Ctrl+D to close" });
      slot.editor = prompt(conversation, streams.edit);
    } else {
      void converse(conversation, streams);
    }
    return await ended;
  } catch (error) {
    return await toFailure(error, view);
  } finally {
    release?.();
    slot.editor?.close();
    stops.abort();
  }
}

async function toConfig(settings: Settings, streams: Streams): Promise<ClientConfig> {
  const secureSocket = await toSecureSocket(settings);
  const auth = await toAuth(settings, streams);
  return {
    subProtocols: settings.subprotocols,
    customHeaders: settings.headers,
    cookies: settings.cookies,
    handShakeTimeout: settings.timeout,
    maxFrameSize: settings.maxSize,
    // The one that tells why a server refuses.
    transport: "ws",
    ...(auth !== undefined && { auth }),
    ...(secureSocket !== undefined && { secureSocket }),
    ...(settings.retry && { retryConfig: { backOffFactor: 2 } }),
  };
}

function toWatcher(settings: Settings, view: View, pings: Pings): Watcher {
  return {
    ping: (data) => void view.show({ event: "ping", data }),
    pong: (data) => void view.show({ event: "pong", data, wait: pings.answered(data) }),
    reconnecting: (cause, attempt, wait) => void view.show({ event: "reconnecting", attempt, wait, cause }),
    reopened: (subprotocol) => void showOpen(view, settings, subprotocol, true),
  };
}

async function showOpen(view: View, { url }: Settings, subprotocol: string, again: boolean): Promise<void> {
  await view.show({ event: "open", url: toShownUrl(url), subprotocol, again });
}

async function toFailure(error: unknown, view: View): Promise<number> {
  if (error instanceof TypeError || error instanceof RangeError) throw new UsageError(error.message);
  if (!(error instanceof WebSocketError)) throw error;
  return await showFailure(error, view);
}
