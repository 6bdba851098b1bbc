// Headers that a `_reindex` call wants to be sent to its remote.
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { refusal } from './refusal.ts'

/** They belong to one connection, or say where the request goes and how long it is. */
const refused =
  /^(host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-length|content-encoding|:.*)$/

/** What is asked and answered between us and the remote is not the caller's to say: documents are read as JSON. */
const ours = /^(accept|accept-encoding|content-type)$/

export function remoteHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const sent: Record<string, string> = {}
  for (const [written, value] of Object.entries(headers)) {
    const name = written.toLowerCase()
    if (refused.test(name)) throw refusal(`the header [${written}] cannot be sent to a remote`, headerRemedy)
    if (!isHeader(name, value))
      throw refusal(`the header [${written}] has a name or value that HTTP does not allow`, headerRemedy)
    if (!ours.test(name)) sent[name] = value
  }
  return sent
}

const headerRemedy = 'Correct source.remote.headers.'

function isHeader(name: string, value: unknown): boolean {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value as string)
    return typeof value === 'string'
  } catch {
    return false
  }
}
