// An object that lives on a thread of its own, so that nobody else waits while it waits for the disk. Calls are carried out one after the other,
// in the order in which they were made.
import { extname } from 'node:path'
import { parentPort, Worker } from 'node:worker_threads'
import { assert } from '../foundation/assert.ts'
import type { ErrorCode } from '../foundation/error-codes.ts'
import { asIndexferryError, IndexferryError, type Side } from '../foundation/errors.ts'

type Method = (...given: never[]) => unknown
type MethodOf<Served> = { [Name in keyof Served]: Served[Name] extends Method ? Name : never }[keyof Served]
type Given<Call> = Call extends (...given: infer Values) => unknown ? Values : never
type Result<Call> = Call extends (...given: never[]) => infer Value ? Awaited<Value> : never

interface Call {
  readonly number: number
  readonly name: string
  readonly given: readonly unknown[]
}

/** Classes do not pass from thread to thread. */
interface Thrown {
  readonly code: ErrorCode
  readonly side: Side
  readonly message: string
  readonly remedy: string
  readonly stack: string | undefined
}

type Answer = { readonly number: number } & ({ readonly result: unknown } | { readonly thrown: Thrown })

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
}

export class ThreadCalls<Served extends object> implements AsyncDisposable {
  private readonly worker: Worker
  private readonly waiting = new Map<number, Waiting>()
  private lastNumber = 0
  private ended: IndexferryError | undefined

  /** `name`: of a file beside the one whose URL is given, without its ending. It calls `answerCalls`. */
  constructor(name: string, beside: string, workerData: unknown) {
    // As sources and in the bundle, both files end alike.
    this.worker = new Worker(new URL(`./${name}${extname(beside)}`, beside), { workerData })
    this.worker.unref()
    this.worker.on('message', (answer: Answer) => this.take(answer))
    this.worker.on('error', (error) => this.end(asIndexferryError(error)))
    this.worker.on('exit', () => this.end(new IndexferryError('STATE_UNUSABLE', 'the thread that writes it has ended')))
  }

  call<Name extends MethodOf<Served> & string>(
    name: Name,
    ...given: Given<Served[Name]>
  ): Promise<Result<Served[Name]>> {
    if (this.ended) return Promise.reject(this.ended)
    const number = ++this.lastNumber
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject })
      // The process lives as long as somebody waits for an answer.
      this.worker.ref()
      this.worker.postMessage({ number, name, given } satisfies Call)
    })
  }

  /** What is under way is given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.worker.ref()
    await this.worker.terminate()
  }

  private take(answer: Answer): void {
    const waiting = this.waiting.get(answer.number)
    assert(waiting, `the answer ${answer.number} of a thread is to a call`)
    this.waiting.delete(answer.number)
    if (this.waiting.size === 0) this.worker.unref()
    if ('thrown' in answer) waiting.reject(revived(answer.thrown))
    else waiting.resolve(answer.result as never)
  }

  private end(error: IndexferryError): void {
    this.ended ??= error
    for (const { reject } of this.waiting.values()) reject(this.ended)
    this.waiting.clear()
  }
}

type Served = Readonly<Record<string, (...given: readonly unknown[]) => unknown>>

/** In the thread: what cannot be made is tried again with the next call. */
export function answerCalls(make: () => object): void {
  const port = parentPort
  assert(port, 'this is a thread')
  let served: Served | undefined
  port.on('message', ({ number, name, given }: Call) => {
    let answer: Answer
    try {
      served ??= make() as Served
      answer = { number, result: served[name]?.(...given) }
    } catch (error) {
      answer = { number, thrown: thrownOf(asIndexferryError(error)) }
    }
    port.postMessage(answer)
  })
}

function thrownOf({ code, side, message, remedy, stack, cause }: IndexferryError): Thrown {
  return { code, side, message, remedy, stack: cause instanceof Error ? cause.stack : stack }
}

function revived({ code, side, message, remedy, stack }: Thrown): IndexferryError {
  const cause = new Error(message)
  if (stack !== undefined) cause.stack = stack
  return new IndexferryError(code, message, { side, remedy, cause })
}
