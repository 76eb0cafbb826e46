// `yield*` for a stream whose events are looked at on the way.

/** Passes on the events that `passes` is true for, and returns what the stream returns. Leaves the stream closed, however it is left. */
export async function* relay<Event, Result>(
  stream: AsyncGenerator<Event, Result>,
  passes: (event: Event) => boolean,
): AsyncGenerator<Event, Result> {
  try {
    for (;;) {
      const step = await stream.next();
      if (step.done) return step.value;
      if (passes(step.value)) yield step.value;
    }
  } finally {
    await stream.return(undefined as Result);
  }
}
