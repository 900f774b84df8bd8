/** What goes over the wire, byte by byte, against a listener on one engine. */
import type { EngineName } from "../../mod.ts";
import { testApps } from "./apps.ts";
import { testCloses } from "./closes.ts";
import { testCompression } from "./compression.ts";
import { testCompressionOrder } from "./compression_fuzz.ts";
import { testConversations } from "./conversations.ts";
import { testEarlyFrames } from "./early.ts";
import { testEndings } from "./endings.ts";
import { testFrames } from "./frames.ts";
import { testFuzz } from "./fuzz.ts";
import { testHandshakes } from "./handshake.ts";
import { testHandshakeFuzz } from "./handshake_fuzz.ts";
import { defineFor } from "./harness.ts";
import { testLarge } from "./large.ts";
import { testMemory } from "./memory.ts";
import { testSplits } from "./splits.ts";

/** Registers all tests for an engine. */
export function testWire(engine: EngineName): void {
  const define = defineFor(engine);
  testHandshakes(define);
  testApps(engine);
  testEarlyFrames(define);
  testFrames(define);
  testConversations(engine, define);
  testCloses(define);
  testSplits(define);
  testLarge(define);
  testEndings(define);
  testFuzz(engine, define);
  testHandshakeFuzz(engine, define);
  testCompression(engine, define);
  testCompressionOrder(define);
  testMemory(engine);
}
