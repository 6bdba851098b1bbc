// The body of an answer while it arrives: chunks are handed on as the connection gave them, without copies. A reader that is
// slower than the connection makes it stop reading, which the server notices through TCP.
import type { Dispatcher } from 'undici'

/** Chunks are up to 64 KiB; a few of them keep reader and connection from waiting on each other. */
const queuedBytesMax = 512 * 1024

const finished: IteratorResult<Buffer> = { done: true, value: undefined }

interface Waiting {
  resolve(result: IteratorResult<Buffer>): void
  reject(error: unknown): void
}

export class BodyStream implements AsyncIterableIterator<Buffer> {
  readonly #controller: Dispatcher.DispatchController
  readonly #translate: (error: Error) => Error
  #chunks: Buffer[] = []
  #first = 0
  #queuedBytes = 0
  #paused = false
  #waiting: Waiting | undefined
  #error: Error | undefined
  #ended = false
  #abandoned = false

  constructor(controller: Dispatcher.DispatchController, translate: (error: Error) => Error) {
    this.#controller = controller
    this.#translate = translate
  }

  push(chunk: Buffer): void {
    if (this.#abandoned) return
    if (this.#waiting) {
      const waiting = this.#waiting
      this.#waiting = undefined
      waiting.resolve({ done: false, value: chunk })
      return
    }
    this.#chunks.push(chunk)
    this.#queuedBytes += chunk.length
    if (this.#queuedBytes <= queuedBytesMax) return
    this.#paused = true
    this.#controller.pause()
  }

  end(): void {
    this.#ended = true
    this.#waiting?.resolve(finished)
    this.#waiting = undefined
  }

  fail(error: Error): void {
    if (this.#ended || this.#abandoned) return
    this.#error = this.#translate(error)
    this.#waiting?.reject(this.#error)
    this.#waiting = undefined
  }

  next(): Promise<IteratorResult<Buffer>> {
    const chunk = this.#chunks[this.#first]
    if (chunk) return Promise.resolve({ done: false, value: this.#take(chunk) })
    if (this.#ended || this.#abandoned) return Promise.resolve(finished)
    if (this.#error) return Promise.reject(this.#error)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** Leaving the loop early closes the connection: what is on its way would have to be read to use it again. */
  return(): Promise<IteratorResult<Buffer>> {
    this.#abandon()
    return Promise.resolve(finished)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abandon()
  }

  #take(chunk: Buffer): Buffer {
    this.#first++
    this.#queuedBytes -= chunk.length
    if (this.#first === this.#chunks.length) {
      this.#chunks = []
      this.#first = 0
    }
    if (this.#paused && this.#queuedBytes <= queuedBytesMax / 2) {
      this.#paused = false
      this.#controller.resume()
    }
    return chunk
  }

  #abandon(): void {
    if (this.#ended || this.#error || this.#abandoned) return
    this.#abandoned = true
    this.#chunks = []
    this.#waiting?.resolve(finished)
    this.#waiting = undefined
    this.#controller.abort(new Error('the rest of the body is not wanted'))
  }
}
