// One POST of JSON to an address that is no cluster.
import { Agent, request } from 'undici'
import { asIndexferryError } from '../foundation/errors.ts'

export interface PostRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: object
  readonly signal: AbortSignal
}

const shownMax = 500

/** Resolves with the status and the beginning of what was answered. Redirections are not followed. */
export async function postJson({ url, headers, body, signal }: PostRequest): Promise<{ status: number; text: string }> {
  // A connection of its own: an idle one of an earlier call may be closed by now, and a POST cannot simply be sent again.
  const agent = new Agent()
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      dispatcher: agent,
      signal,
    })
    let text = ''
    // Read to its end, so that the server is done with it; only the beginning is kept.
    for await (const part of answer.body) if (text.length < shownMax) text += String(part)
    return { status: answer.statusCode, text: text.slice(0, shownMax) }
  } catch (error) {
    signal.throwIfAborted()
    throw asIndexferryError(error)
  } finally {
    await agent.destroy()
  }
}
