"""Drives examples/python_client.py through what a host does; each line printed is one JSON value for the test."""

import asyncio
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../examples"))
from python_client import Box, Refused  # noqa: E402


def say(**what):
    print(json.dumps(what), flush=True)


async def code_of(awaitable):
    try:
        await awaitable
        return None
    except Refused as refused:
        return refused.code


async def drive(url, token, model):
    stranger = Box(url, "wrong")
    say(step="wrong token", code=await code_of(stranger.call("daemon_info")))
    box = Box(url, token, on_line=lambda state: say(step="line", state=state))
    say(step="info", protocol=(await box.call("daemon_info"))["protocol"])

    run = await box.run("Wait for the file", model=model)
    async for event in box.follow(run):
        if "seq" in event:
            say(step="fact", seq=event["seq"], type=event["type"], runId=event["runId"])

    run = await box.run("Sleep", model=model)
    async for event in box.follow(run):
        if event["type"] == "tool.started":
            await box.call_again("run_cancel", runId=run["runId"])
        if event["type"] == "run.ended":
            say(step="run cancelled", outcome=event["outcome"])

    cursor = (await box.call("daemon_info"))["cursor"]
    waiting = asyncio.create_task(box.call("shell_exec", command="sleep 300"))
    async for event in box.events(cursor, types=["process.*"]):
        if event["type"] == "process.started":
            waiting.cancel()
        if event["type"] == "process.exited":
            say(step="call cancelled", signal=event["signal"])
            break
    await asyncio.gather(waiting, return_exceptions=True)

    data = bytes(range(256)) * 4096
    up = await asyncio.to_thread(box.upload, "folder/data.bin", data)
    down = await asyncio.to_thread(box.download, "folder/data.bin")
    await asyncio.to_thread(box.remove, "folder/data.bin")
    gone = await code_of(asyncio.to_thread(box.download, "folder/data.bin"))
    say(step="file", bytes=up["bytes"], isSame=down == data, gone=gone)
    await box.close()


asyncio.run(drive(*sys.argv[1:]))
