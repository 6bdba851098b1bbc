// The calls that do something with many replications.
import type { BulkOperation, BulkRequest } from '../../../engine/replication/bulk-replication.ts'
import { parseObject } from '../reindex/object-parser.ts'
import { refuseInvalid } from '../reindex/refused-call.ts'
import { complainOfBulkPattern } from './names.ts'
import { type GivenRoles, rolesField, rolesOf, textField, textsField } from './parse-fields.ts'
import type { ReadBody } from './read-body.ts'

/** The plugin ignores filters that it does not know, and then stops too much: they are refused here. */
export function parseBulk({ text, root }: ReadBody, operation: BulkOperation): BulkRequest {
  let pattern: string | undefined
  let connection: string | undefined
  let excluded: string[] = []
  const given: GivenRoles = { isGiven: false }
  parseObject(text, 'BulkReplicationRequestParser', root, [
    textField('pattern', (found) => {
      pattern = found
    }),
    textField('leader_alias', (alias) => {
      connection = alias
    }),
    rolesField(text, given),
    {
      names: ['filters'],
      takes: ['object'],
      read: (value) =>
        parseObject(text, 'filters', value, [
          textsField('exclude_index', (names) => {
            excluded = names
          }),
        ]),
    },
  ])
  const complaints = complainOfBulkPattern(pattern)
  const roles = rolesOf(given, complaints)
  if (operation === 'start' && !connection?.trim()) complaints.push('leader_alias is required for bulk start')
  if (complaints.length > 0 || pattern === undefined) throw refuseInvalid(complaints)
  return { operation, pattern, excluded, connection: operation === 'start' ? connection : undefined, roles }
}
