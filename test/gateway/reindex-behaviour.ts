// One behaviour of `_reindex`: what stands where, the call, what the servers answer, and what is there afterwards.

export type SourceName =
  | 'three'
  | 'empty-document'
  | 'filtered'
  | 'routed'
  | 'joined'
  | 'shards'
  | 'sourceless'
  | 'none'

/** `SOURCE` and `DEST` stand for the names of the two indexes, `TASK` for the task that the call has started. */
export interface Step {
  /** Such as `GET /DEST/_doc/1`. */
  readonly call: string
  readonly body?: object
  /** Parts that the answer has; a regular expression stands for a text. */
  readonly expected?: Readonly<Record<string, unknown>>
  readonly status?: number
  /** It is asked again until the parts are there; the rest of the answer is not compared. */
  readonly until?: true
}

export interface Behaviour {
  readonly what: string
  readonly from?: SourceName
  readonly before?: readonly Step[]
  readonly query?: string
  readonly source?: object
  readonly dest?: object
  /** The rest of the body. */
  readonly rest?: object
  /** In place of the remote's host; for answers about hosts. */
  readonly host?: string
  /** Further fields of `source.remote`. */
  readonly remoteFields?: object
  /** Default 200. */
  readonly status?: number
  readonly expected: Readonly<Record<string, unknown>>
  readonly after?: readonly Step[]
  /**
   * `alike` (the default): the servers do it from a remote as well. `ours`: they refuse, the gateway answers as they do without a remote.
   * `no`: it is not about remotes; `only`: about nothing else.
   */
  readonly remote?: 'alike' | 'ours' | 'no' | 'only'
  /** The gateway says more than the servers do, or quotes less: what is expected holds for both, the rest is not compared. */
  readonly ownWords?: true
  /** What a remote changes. */
  readonly remotely?: { readonly status?: number; readonly expected: Readonly<Record<string, unknown>> }
}

export const created = (count: number): Readonly<Record<string, unknown>> => ({
  timed_out: false,
  created: count,
  updated: 0,
  deleted: 0,
  version_conflicts: 0,
  noops: 0,
  throttled_millis: 0,
  failures: [],
})

export const put = (id: string, body: object, query = ''): Step => ({
  call: `PUT /DEST/_doc/${id}?refresh=true${query}`,
  body,
})

export const counted = (count: number): Step => ({ call: 'GET /DEST/_count', expected: { count } })

export const stored = (id: string, document: object, query = ''): Step => ({
  call: `GET /DEST/_doc/${id}${query}`,
  expected: { found: true, _source: document },
})

export const found = (query: object, ids: readonly string[]): Step => ({
  call: 'POST /DEST/_search?filter_path=hits.hits._id&sort=_id',
  body: { query },
  expected: ids.length === 0 ? {} : { hits: { hits: ids.map((_id) => ({ _id })) } },
})
