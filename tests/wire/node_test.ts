import { testWire } from "./suite.ts";

testWire("node");
