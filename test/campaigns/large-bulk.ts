// One bulk request whose body is made while it is sent, in chunks, without a length.
import { request } from 'node:http'
import { text as collect } from 'node:stream/consumers'

export interface LargeBulk {
  readonly status: number
  readonly text: string
  readonly bytesSent: number
  readonly documents: number
  readonly ms: number
}

const documentBytes = 1_000_000
const filler = 'x'.repeat(documentBytes - 100)

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
    // Whoever refuses a body may close the connection while it is still being sent; an answer that came before counts.
    call.on('error', (error) => {
      if (!isAnswered) reject(error)
    })
    const send = async () => {
      while (documents < megabytes && !isAnswered) {
        const line = `{"index":{"_id":"${documents}"}}\n{"n":${documents},"text":"${filler}"}\n`
        documents++
        bytesSent += line.length
        if (!call.write(line)) await new Promise<void>((resume) => call.once('drain', resume).once('close', resume))
      }
      call.end()
    }
    send().catch(reject)
  })
}
