"""A host in Python, written from docs/openrpc.json and docs/openapi.json alone.

Needs Python 3.9 and one package, `websockets` (10 or later; on Debian `apt-get install python3-websockets`).

    python3 examples/python_client.py ws://127.0.0.1:8420 "Make the tests pass" [MODEL]

takes the token from HARNESSD_TOKEN, starts a run, and prints what it says.
"""

import asyncio
import json
import os
import random
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid

import websockets

MAX_FRAME_BYTES = 256 * 1024 * 1024


class Refused(Exception):
    """The daemon said no; `code` is the word that programs test."""

    def __init__(self, code, message, data=None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.data = data or {}


class LineBroke(Exception):
    """The line broke before the answer: what was asked may or may not have happened."""


class Box:
    """One daemon, over any number of lines: each is opened when it is next needed."""

    def __init__(self, url, token=None, on_line=None):
        self._url = url
        self._token = token
        self._on_line = on_line or (lambda state: None)
        self._socket = None
        self._reader = None
        self._pending = {}
        self._feeds = {}
        self._last_id = 0
        self._opening = asyncio.Lock()

    async def close(self):
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader

    # Calls

    async def call(self, method, **params):
        """One call. Raises Refused, or LineBroke."""
        socket = await self._line()
        self._last_id += 1
        return await self._ask(socket, self._last_id, method, params)

    async def call_again(self, method, **params):
        """For what `x-resend` lets be sent again: over as many lines as it takes."""
        while True:
            try:
                return await self.call(method, **params)
            except LineBroke:
                continue

    async def _ask(self, socket, call_id, method, params):
        answer = asyncio.get_running_loop().create_future()
        self._pending[call_id] = answer
        try:
            await socket.send(
                json.dumps({"jsonrpc": "2.0", "id": call_id, "method": method, "params": params})
            )
            return await answer
        except asyncio.CancelledError:
            note = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": call_id}}
            await socket.send(json.dumps(note))
            raise
        except websockets.ConnectionClosed as closed:
            raise LineBroke(str(closed)) from closed
        finally:
            self._pending.pop(call_id, None)

    # Runs and events

    async def run(self, prompt, **request):
        """Starts a run. It has a key, so a broken line never starts it twice."""
        request.setdefault("key", str(uuid.uuid4()))
        return (await self.call_again("run_start", prompt=prompt, **request))["run"]

    async def events(self, after, **event_filter):
        """Every fact after the cursor once and in order, over broken lines; deltas as they come."""
        while True:
            try:
                feed = await self.call("events_subscribe", after=after, filter=event_filter)
            except LineBroke:
                continue
            queue = self._feeds.setdefault(feed["subscription"], asyncio.Queue())
            after = self._after_gap(feed["gap"]) or after
            try:
                while True:
                    kind, brought = await queue.get()
                    if kind == "broke":
                        break
                    if kind == "events_gap":
                        after = self._after_gap(brought["gap"])
                        continue
                    for event in brought["events"]:
                        if "seq" in event:
                            after = {"epoch": event["epoch"], "seq": event["seq"]}
                        yield event
            finally:
                self._feeds.pop(feed["subscription"], None)

    async def follow(self, run):
        """All events of a run, from its first to `run.ended`."""
        async for event in self.events(run["cursor"], runId=run["runId"]):
            yield event
            if event["type"] == "run.ended":
                return

    @staticmethod
    def _after_gap(gap):
        if gap is None:
            return None
        print("facts are missing:", gap, file=sys.stderr)
        return gap["resumeAt"]

    # The line

    async def _line(self):
        async with self._opening:
            waits = 0
            while self._socket is None:
                try:
                    self._socket = await self._open()
                except (OSError, asyncio.TimeoutError, websockets.InvalidHandshake) as error:
                    status = getattr(error, "status_code", None)
                    if status in (401, 403, 404):
                        raise
                    await asyncio.sleep(random.random() * min(10, 0.1 * 2**waits))
                    waits += 1
            return self._socket

    async def _open(self):
        socket = await websockets.connect(self._url, max_size=MAX_FRAME_BYTES, compression=None)
        self._reader = asyncio.create_task(self._read(socket))
        if self._token is not None:
            await self._ask(socket, 0, "auth", {"token": self._token})
        self._on_line("up")
        return socket

    async def _read(self, socket):
        try:
            async for frame in socket:
                self._take(json.loads(frame))
        except websockets.ConnectionClosed:
            pass
        if self._socket is socket:
            self._socket = None
        self._on_line("down")
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(LineBroke(f"close code {socket.close_code}"))
        for queue in self._feeds.values():
            queue.put_nowait(("broke", None))

    def _take(self, message):
        if "id" in message:
            answer = self._pending.get(message["id"])
            if answer is None or answer.done():
                return
            if "error" in message:
                error = message["error"]
                data = error.get("data", {})
                answer.set_exception(Refused(data.get("code"), error["message"], data))
            else:
                result = message["result"]
                # Before its first events are read.
                if isinstance(result, dict) and "subscription" in result:
                    self._feeds.setdefault(result["subscription"], asyncio.Queue())
                answer.set_result(result)
        elif message.get("method") in ("events", "events_gap"):
            params = message["params"]
            queue = self._feeds.get(params["subscription"])
            if queue is not None:
                queue.put_nowait((message["method"], params))

    # Files, over HTTP on the same port

    def upload(self, path, data):
        """Writes a file in one step; what the daemon says of it."""
        return json.loads(self._http("PUT", path, data))

    def download(self, path):
        return self._http("GET", path)

    def remove(self, path):
        return json.loads(self._http("DELETE", path))

    def _http(self, method, path, data=None):
        base = "http" + self._url[2:].rstrip("/")
        url = f"{base}/files?{urllib.parse.urlencode({'path': path})}"
        request = urllib.request.Request(url, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/octet-stream")
        if self._token is not None:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request) as response:
                return response.read()
        except urllib.error.HTTPError as refusal:
            error = json.loads(refusal.read())["error"]
            raise Refused(error["code"], error["message"], error.get("data")) from refusal


async def main(url, prompt, model=None):
    box = Box(url, os.environ.get("HARNESSD_TOKEN"))
    run = await box.run(prompt, **({"model": model} if model else {}))
    async for event in box.follow(run):
        if event["type"] == "message.delta":
            print(event["text"], end="", flush=True)
        elif event["type"] == "tool.started":
            print(f"\n[{event['name']}]")
        elif event["type"] == "run.ended":
            print(f"\n{event['outcome']}")
    await box.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
