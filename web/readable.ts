// A body that is made while it is read.

/** Asks for the next piece when somebody has read what there is: a long one is never in memory whole. What breaks the pieces breaks the body. */
export function readable(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const each = pieces[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      // A pull that brings nothing is not repeated: empty pieces are passed over here.
      for (;;) {
        const { done, value } = await each.next();
        if (done === true) return controller.close();
        if (value.length > 0) return controller.enqueue(value);
      }
    },
    async cancel() {
      await each.return?.();
    },
  });
}
