"""A client of the market in another language: docs/protocol.md is all it needs. Debian has its library as python3-websockets."""
import asyncio, json, sys
import websockets


async def main(url):
    async with websockets.connect(url) as socket:
        async def send(event, id, **payload):
            await socket.send(json.dumps({"event": event, "id": id, **payload}))

        async def receive():
            message = json.loads(await socket.recv())
            print(message)
            return message

        # A stream: items with the id of the request, until we cancel; then one "complete".
        await send("subscribe", "s1", symbol="ACME")
        assert (await receive())["price"] > 0
        assert (await receive())["id"] == "s1"
        await send("cancel", "s1")
        while (await receive())["event"] != "complete":
            pass

        # A request: its reply has its id, which may also be a number.
        await send("un_subscribe", 2, symbol="ACME")
        assert await receive() == {"event": "un_subscribe", "id": 2, "ok": False}

        # An error of the service, and one of ours: the connection stays open.
        await send("subscribe", "s3", symbol="NOSUCH")
        assert (await receive())["code"] == "unknown_symbol"
        await send("subscribe", "s4", symbol="acme")
        assert (await receive())["issues"][0]["path"] == "symbol"


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "ws://localhost:9090/market"))
