// The parser of Elasticsearch up to 7 and OpenSearch 1 quotes the start of what it reads in its errors. For a document of a bulk request that is
// the start of the whole request: other documents, and the headers with their credentials. Neither may get into a report.
import type { JsonValue } from '../model/json.ts'

const excerpt = /\[Source: \((?:byte\[\]|String|ByteArrayInputStream|[\w.$[\]]+)\)[\s\S]*; line: /

/** What the parser quotes at most. */
const quotedMax = 500

/** The error with the document itself quoted instead, as the parser does where it is given the document alone. */
export function quoteOnlyDocument(error: JsonValue, source: Buffer): JsonValue {
  if (typeof error === 'string') {
    if (!error.includes('[Source: (')) return error
    const more = source.length > quotedMax ? `[truncated ${source.length - quotedMax} bytes]` : ''
    const quoted = `[Source: (byte[])"${source.subarray(0, quotedMax).toString('utf8')}"${more}; line: `
    return error.replace(excerpt, () => quoted)
  }
  if (typeof error !== 'object' || error === null) return error
  if (Array.isArray(error)) return error.map((each: JsonValue) => quoteOnlyDocument(each, source))
  return Object.fromEntries(Object.entries(error).map(([key, value]) => [key, quoteOnlyDocument(value, source)]))
}

/** A text without any quotation. */
export const withoutExcerpt = (text: string): string => text.replace(excerpt, () => '[Source: …; line: ')
