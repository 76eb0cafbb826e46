#!/usr/bin/env bash
# Two of npm's cron libraries run a 2:30 job at different times in the night that has no 2:30.
# Version: croner 11.0.1, cron-parser 5.10.6, time zone Europe/Berlin, night of 2027-03-28 (clocks go from 2:00 to 3:00).
# Behaviour: for "30 2 * * *" croner answers 3:00 (the first moment after the gap), cron-parser 3:30 (the wall time moved by
#   the gap). Neither skips the day, as Vixie cron's documentation would for a fixed time in some versions, so a store of
#   next-run times that is read back by the other library shifts by half an hour for one day a year.
# Output seen:
#   croner 2027-03-28T01:00:00.000Z
#   cron-parser 2027-03-28T01:30:00.000Z
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm install --silent --no-audit --no-fund croner@11.0.1 cron-parser@5.10.6 >/dev/null 2>&1
cat >show.mjs <<'JS'
import { Cron } from "croner";
import { CronExpressionParser } from "cron-parser";
const from = new Date("2027-03-27T12:00:00Z");
const tz = "Europe/Berlin";
console.log("croner", new Cron("30 2 * * *", { timezone: tz, paused: true }).nextRun(from).toISOString());
console.log("cron-parser", CronExpressionParser.parse("30 2 * * *", { currentDate: from, tz }).next().toDate().toISOString());
JS
seen=$(node show.mjs)
echo "$seen"
[ "$seen" = $'croner 2027-03-28T01:00:00.000Z\ncron-parser 2027-03-28T01:30:00.000Z' ]
