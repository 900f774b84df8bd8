import { testWire } from "./suite.ts";

testWire("bun");
