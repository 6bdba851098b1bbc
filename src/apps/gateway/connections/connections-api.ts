// What differs between the two versions of the connection API: paths, and the shapes of what is asked and answered.
import type { ConnectionRecord, Direction, NewConnection } from '../../../engine/connections/connection-record.ts'
import type { ConnectionFilter } from '../../../engine/connections/connection-table.ts'
import { MemberReader, parseBody, type TextRule } from './read-members.ts'

export interface ConnectionsApi {
  /** What all paths begin with. */
  readonly path: string
  /** Of the operations, for logs, such as `CreateOutboundConnection`. */
  readonly noun: string
  readonly readCreate: (body: Buffer) => NewConnection
  readonly renderCreated: (record: ConnectionRecord) => object
  readonly render: (record: ConnectionRecord, direction: Direction) => object
  /** The member of an answer that holds one connection, and several. */
  readonly one: string
  readonly many: string
  readonly filters: Readonly<Record<string, ConnectionFilter['field']>>
  readonly filterText: TextRule
  readonly idRule: TextRule
}

export interface ListRequest {
  readonly filters: readonly ConnectionFilter[]
  readonly pageSize: number
  readonly token: string | undefined
}

/** Of the API: at most, and when a call does not say. */
const pageSizeMax = 100

export function readList(api: ConnectionsApi, body: Buffer): ListRequest {
  const reader = new MemberReader()
  const asked = parseBody(body)
  const filters: ConnectionFilter[] = []
  for (const [at, entry] of (reader.list(asked.Filters, 'filters') ?? []).entries()) {
    const filter = readFilter(api, reader, entry, `filters.${at + 1}.member`)
    if (filter) filters.push(filter)
  }
  const pageSize = reader.integer(asked.MaxResults, 'maxResults', { min: 0, max: pageSizeMax })
  const token = reader.text(asked.NextToken, 'nextToken')
  reader.finish()
  return { filters, pageSize: pageSize || pageSizeMax, token: token || undefined }
}

function readFilter(
  api: ConnectionsApi,
  reader: MemberReader,
  entry: unknown,
  path: string,
): ConnectionFilter | undefined {
  const asked = reader.members(entry, path) ?? {}
  const names = Object.keys(api.filters)
  const name = reader.requiredText(asked.Name, `${path}.name`, { ...api.filterText, values: names })
  const values = reader.list(asked.Values, `${path}.values`)
  if (values?.length === 0) {
    reader.refuse('[]', `${path}.values`, 'Member must have length greater than or equal to 1')
  }
  const texts = values?.map((value, at) =>
    reader.requiredText(value, `${path}.values.${at + 1}.member`, api.filterText),
  )
  const field = api.filters[name]
  return field && texts && { field, values: texts }
}

export function readId(api: ConnectionsApi, id: string): string {
  const reader = new MemberReader()
  reader.text(id, 'connectionId', api.idRule)
  reader.finish()
  return id
}
