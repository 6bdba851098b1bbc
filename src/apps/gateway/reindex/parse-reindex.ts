// The body and the URL of `POST /_reindex` as a plain request, or refused as the cluster's version would.
import { type ClusterVersion, isAtLeast } from '../../../model/cluster-version.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { ReindexRequest } from '../../../model/reindex.ts'
import { intOf } from './java-values.ts'
import { type LocatedObject, type LocatedValue, locateJson, plainValue } from './located-json.ts'
import { atEnd, type Field, parseObject } from './object-parser.ts'
import { parseParameters, type ReindexParameters, refusePipeline, refuseUnknown } from './parse-parameters.ts'
import { parseScript } from './parse-script.ts'
import { type ParsedSource, parseSource } from './parse-source.ts'
import { illegalArgument, refuse, refuseInvalid } from './refused-call.ts'

export interface ParsedReindex {
  readonly request: ReindexRequest
  readonly waitForCompletion: boolean
}

export function parseReindex(body: Buffer, query: URLSearchParams, server: ClusterVersion): ParsedReindex {
  refusePipeline(query)
  const text = body.toString()
  if (text.trim() === '') throw refuse({ type: 'parse_exception', reason: 'request body is required' })
  const root = locateJson(text)
  if (!root) throw refuse({ type: 'json_parse_exception', reason: 'the body is no JSON' })
  const draft = parseBody(text, root, server)
  const parameters = parseParameters(query)
  const maxDocs = mergeMaxDocs(draft.maxDocs, parameters.maxDocs, parameters.slices)
  refuseUnknown(query)
  validate(draft, parameters)
  return { request: requestOf(draft, parameters, maxDocs), waitForCompletion: parameters.waitForCompletion }
}

/** What the body said; undefined for what it did not. */
interface Draft {
  source: ParsedSource | undefined
  dest: Partial<Record<'index' | 'routing' | 'pipeline', string>> & {
    opType?: 'index' | 'create'
    versionType?: ReindexRequest['dest']['versionType']
  }
  script: JsonObject | undefined
  maxDocs: number | undefined
  conflicts: 'abort' | 'proceed'
}

function parseBody(text: string, root: LocatedValue, server: ClusterVersion): Draft {
  const draft: Draft = { source: undefined, dest: {}, script: undefined, maxDocs: undefined, conflicts: 'abort' }
  const fields: Field[] = [
    {
      names: ['source'],
      takes: ['object'],
      read: (value) =>
        atEnd(value, () => {
          draft.source = parseSource(value as LocatedObject, server)
        }),
    },
    { names: ['dest'], takes: ['object'], read: (value) => parseDest(text, value, draft, server) },
    {
      names: ['max_docs', 'size'],
      takes: ['number', 'string'],
      read: (value) => {
        draft.maxDocs = mergeMaxDocs(draft.maxDocs, intOf(plainValue(value)), 1)
      },
    },
    {
      names: ['script'],
      takes: ['object'],
      read: (value) => {
        draft.script = parseScript(text, value)
      },
    },
    {
      names: ['conflicts'],
      takes: ['string'],
      read: (value) => {
        draft.conflicts = parseConflicts(plainValue(value) as string)
      },
    },
  ]
  parseObject(text, 'reindex', root, fields)
  return draft
}

function parseDest(text: string, node: LocatedValue, { dest }: Draft, server: ClusterVersion): void {
  const string = (name: string, read: (value: string) => void): Field => ({
    names: [name],
    takes: ['string'],
    read: (value) => read(plainValue(value) as string),
  })
  const fields = [
    string('index', (value) => {
      dest.index = value
    }),
    string('routing', (value) => {
      // IndexRequest takes an empty routing for none.
      if (value !== '') dest.routing = value
    }),
    string('op_type', (value) => {
      dest.opType = parseOpType(value)
    }),
    string('pipeline', (value) => {
      dest.pipeline = value
    }),
    string('version_type', (value) => {
      dest.versionType = parseVersionType(value)
    }),
    // Types are gone since OpenSearch 2 and Elasticsearch 8; before, they were deprecated. Documents have none of their own here.
    ...(isAtLeast(server, 'opensearch', 2) || isAtLeast(server, 'elasticsearch', 8) ? [] : [string('type', () => {})]),
  ]
  parseObject(text, 'dest', node, fields)
}

function parseConflicts(value: string): 'abort' | 'proceed' {
  if (value === 'abort' || value === 'proceed') return value
  throw refuse(illegalArgument(`conflicts may only be "proceed" or "abort" but was [${value}]`))
}

function parseOpType(value: string): 'index' | 'create' {
  const name = value.toLowerCase()
  if (name === 'index' || name === 'create') return name
  throw refuse(illegalArgument(`opType must be 'create' or 'index', found: [${value}]`))
}

function parseVersionType(value: string): ReindexRequest['dest']['versionType'] {
  if (value === 'internal' || value === 'external' || value === 'external_gte') return value
  if (value === 'external_gt') return 'external'
  throw refuse(illegalArgument(`No version type match [${value}]`))
}

function mergeMaxDocs(before: number | undefined, given: number | undefined, slices: number | 'auto') {
  if (given === undefined) return before
  if (before !== undefined && before !== given) {
    throw refuse(illegalArgument(`[max_docs] set to two different values [${before}] and [${given}]`))
  }
  if (given < 0) throw refuse(illegalArgument(`[max_docs] parameter cannot be negative, found [${given}]`))
  if (given < (slices === 'auto' ? 0 : slices)) throw refuse(illegalArgument('[max_docs] should be >= [slices]'))
  return given
}

function validate({ source, dest }: Draft, { slices }: ReindexParameters): void {
  const complaints = [...(source?.complaints.ofSearch ?? [])]
  if (source?.source.slice && slices !== 1) {
    complaints.push("can't specify both manual and automatic slicing at the same time")
  }
  complaints.push(...(source?.complaints.ofFields ?? ['use _all if you really want to copy from all existing indexes']))
  if (dest.index === undefined) complaints.push('index must be specified')
  else if (dest.routing !== undefined && !/^(keep|discard|=.*)$/s.test(dest.routing)) {
    complaints.push('routing must be unset, [keep], [discard] or [=<some new value>]')
  }
  if (complaints.length > 0) throw refuseInvalid(complaints)
}

function requestOf(draft: Draft, parameters: ReindexParameters, maxDocs: number | undefined): ReindexRequest {
  const { source, dest, script, conflicts } = draft
  const parsed = source as ParsedSource
  const { slices, refresh, requestsPerSecond, scroll, timeout, waitForActiveShards } = parameters
  return {
    remote: parsed.remote,
    source: parsed.source,
    dest: {
      index: dest.index as string,
      opType: dest.opType ?? 'index',
      versionType: dest.versionType ?? 'internal',
      pipeline: dest.pipeline,
      routing: (dest.routing ?? 'keep') as ReindexRequest['dest']['routing'],
      requireAlias: parameters.requireAlias ?? false,
    },
    ...{ script, maxDocs, conflicts, slices, requestsPerSecond, scroll, timeout, refresh, waitForActiveShards },
  }
}
