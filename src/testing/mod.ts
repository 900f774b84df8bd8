/**
 * Tests of services without a port: a client in the same process, and a clock that the test moves.
 *
 * Works with any test runner.
 *
 * @example
 * ```ts
 * import { pair } from "@switchboard/websocket/testing";
 *
 * const { client } = pair({ onTextMessage: (_caller, text) => text.toUpperCase() });
 * client.send("hello");
 * console.log(await client.receive()); // HELLO
 * ```
 *
 * @module
 */

export { type CloseInfo, type Message, TestClient } from "./client.ts";
export { type Connected, type ConnectOptions, connect } from "./connect.ts";
export { FakeClock } from "./fake_clock.ts";
export { type ClientOptions, type Pair, type PairOptions, pair } from "./pair.ts";
export { settle } from "./settle.ts";
