// One bulk request whose body is made while it is sent, in chunks, without a length.
import { type ClientRequest, request } from 'node:http'
import { text as collect } from 'node:stream/consumers'

export interface LargeBulk {
  /** 0: the connection was closed before an answer could be read. */
  readonly status: number
  readonly text: string
  readonly bytesSent: number
  readonly documents: number
  readonly ms: number
}

const documentBytes = 1_000_000
const filler = 'x'.repeat(documentBytes - 100)

function drained(call: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const resume = () => {
      call.off('drain', resume).off('close', resume)
      resolve()
    }
    call.on('drain', resume).on('close', resume)
    if (call.destroyed) resume()
  })
}

/** Stops sending when it is answered. Its answer is short, and tells the errors alone. */
export function sendLargeBulk(url: string, index: string, megabytes: number, signal: AbortSignal): Promise<LargeBulk> {
  const started = performance.now()
  let bytesSent = 0
  let documents = 0
  return new Promise((resolve, reject) => {
    let isAnswered = false
    const call = request(
      `${url}/${index}/_bulk?filter_path=errors,items.*.error`,
      { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, agent: false, signal },
      (answer) => {
        isAnswered = true
        collect(answer)
          .then((text) =>
            resolve({ status: answer.statusCode ?? 0, text, bytesSent, documents, ms: performance.now() - started }),
          )
          .catch(reject)
          .finally(() => call.destroy())
      },
    )
    // A server that refuses a body closes the connection while it is still being sent, and Node's client may see that before the answer.
    call.on('error', (error: NodeJS.ErrnoException) => {
      if (isAnswered) return
      const isClosed = ['EPIPE', 'ECONNRESET'].includes(error.code ?? '')
      if (isClosed) resolve({ status: 0, text: error.message, bytesSent, documents, ms: performance.now() - started })
      else reject(error)
    })
    const send = async () => {
      while (documents < megabytes && !isAnswered && !call.destroyed) {
        const line = `{"index":{"_id":"${documents}"}}\n{"n":${documents},"text":"${filler}"}\n`
        documents++
        bytesSent += line.length
        if (!call.write(line)) await drained(call)
      }
      if (!call.destroyed) call.end()
    }
    send().catch(reject)
  })
}
