import type { BodyStream } from '../cluster/body-stream.ts'
import type { IndexferryError } from '../foundation/errors.ts'

/** The body of an answer, held to the length that was asked for: what ends early never ends quietly. */
export class WholeBody implements AsyncIterableIterator<Buffer> {
  readonly #body: BodyStream
  readonly #length: number
  readonly #wrong: (reason: string) => IndexferryError
  #got = 0

  constructor(body: BodyStream, length: number, wrong: (reason: string) => IndexferryError) {
    this.#body = body
    this.#length = length
    this.#wrong = wrong
  }

  async next(): Promise<IteratorResult<Buffer>> {
    const result = await this.#body.next()
    if (result.done) {
      if (this.#got < this.#length) throw this.#wrong(`only ${this.#got} of ${this.#length} bytes came`)
      return result
    }
    this.#got += result.value.length
    if (this.#got <= this.#length) return result
    await this.#body.return()
    throw this.#wrong(`more than the ${this.#length} bytes asked for came`)
  }

  return(): Promise<IteratorResult<Buffer>> {
    return this.#body.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
