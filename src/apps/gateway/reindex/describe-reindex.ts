// What `GET _tasks` says a reindex is: ReindexRequest.toString and RemoteInfo.toString of the servers.
import { parseExactJson, printExactJson } from '../../../foundation/exact-json.ts'
import { type ClusterVersion, isAtLeast } from '../../../model/cluster-version.ts'
import type { JsonObject, JsonValue } from '../../../model/json.ts'
import type { ReindexRequest, RemoteHost } from '../../../model/reindex.ts'
import { hashOrder, isPlainObject, javaText } from './java-values.ts'
import { parseHost } from './parse-remote.ts'

export function describeReindex(request: ReindexRequest, server: ClusterVersion): string {
  const { remote, source, dest, script } = request
  const from = remote ? `[${describeRemote(remote, source.query)}]` : ''
  const indexes = source.index.length > 0 ? javaText(source.index) : '[all indices]'
  const updated = script ? ` updated with ${describeScript(script)}` : ''
  const typed = !isAtLeast(server, 'opensearch', 2) && !isAtLeast(server, 'elasticsearch', 8)
  return `reindex from ${from}${indexes}${updated} to [${dest.index}]${typed ? '[_doc]' : ''}`
}

function describeRemote(remote: RemoteHost, query: JsonObject | undefined): string {
  const { scheme, hostname, port, username, password } = remote
  const prefix = parseHost(remote.host).pathPrefix
  return [
    ...(scheme === 'http' ? [] : [`scheme=${scheme}`]),
    `host=${hostname.includes(':') ? `[${hostname}]` : hostname}`,
    `port=${port}`,
    ...(prefix === '' ? [] : [`pathPrefix=${prefix}`]),
    `query=${printPretty(query ?? matchAll, '')}`,
    ...(username === undefined ? [] : [`username=${username}`]),
    ...(password === undefined ? [] : ['password=<<>>']),
  ].join(' ')
}

const matchAll = parseExactJson('{"match_all":{"boost":1.0}}') as JsonObject

/** As Jackson indents. */
function printPretty(value: JsonValue, indent: string): string {
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    const items = value.map((item) => inner + printPretty(item, inner))
    return items.length === 0 ? '[ ]' : `[\n${items.join(',\n')}\n${indent}]`
  }
  if (!isPlainObject(value)) return printExactJson(value) as string
  const entries = hashOrder(value).map(
    ([name, child]) => `${inner}${JSON.stringify(name)} : ${printPretty(child, inner)}`,
  )
  return entries.length === 0 ? '{ }' : `{\n${entries.join(',\n')}\n${indent}}`
}

/** Script.toString. */
function describeScript(script: JsonObject): string {
  const { source, inline, lang, id, stored, options, params } = script
  const code = source ?? inline
  const isInline = code !== undefined
  const text = isInline ? (typeof code === 'string' ? code : printExactJson(code)) : javaText(id ?? stored ?? null)
  const language = isInline ? javaText(lang ?? 'painless') : 'null'
  const more = `options=${isInline ? javaText(options ?? {}) : 'null'}, params=${javaText(params ?? {})}`
  return `Script{type=${isInline ? 'inline' : 'stored'}, lang='${language}', idOrCode='${text}', ${more}}`
}
