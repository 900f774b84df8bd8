import { testWire } from "./suite.ts";

testWire("deno");
