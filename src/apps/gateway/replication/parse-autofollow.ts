// The calls about rules of auto-follow.
import type { JsonObject } from '../../../model/json.ts'
import type { AutoFollowRule } from '../../../model/replication.ts'
import { parseObject } from '../reindex/object-parser.ts'
import { refuseInvalid } from '../reindex/refused-call.ts'
import { complainOfFollowerPattern, complainOfName, complainOfPattern } from './names.ts'
import {
  additionsField,
  excludeField,
  flagField,
  type GivenRoles,
  rolesField,
  rolesOf,
  settingsField,
  textField,
  textOrNullField,
} from './parse-fields.ts'
import type { ReadBody } from './read-body.ts'

interface GivenRule {
  connection?: string
  name?: string
  pattern?: string
  followerPattern?: string | undefined
  settings: JsonObject
  excluded: string[]
  isReplacing: boolean
  readonly roles: GivenRoles
}

export interface NewRule {
  readonly rule: AutoFollowRule
  /** An addition of ours: a rule of this name is replaced instead of refused. */
  readonly isReplacing: boolean
}

export function parseNewRule(body: ReadBody): NewRule {
  const given = parseRule(body)
  const { connection, name, pattern, followerPattern, settings, excluded, isReplacing } = given
  const complaints = complainOfPlace(given)
  const roles = rolesOf(given.roles, complaints)
  complaints.push(...(pattern === undefined ? ['Missing pattern'] : complainOfPattern(pattern)))
  if (followerPattern !== undefined) complaints.push(...complainOfFollowerPattern(followerPattern))
  if (complaints.length > 0 || connection === undefined || name === undefined || pattern === undefined)
    throw refuseInvalid(complaints)
  return { rule: { name, connection, pattern, excluded, roles, settings, followerPattern }, isReplacing }
}

export function parseRemovedRule(body: ReadBody): { readonly connection: string; readonly name: string } {
  const given = parseRule(body)
  const { connection, name, pattern, followerPattern } = given
  const complaints = complainOfPlace(given)
  rolesOf(given.roles, complaints)
  if (pattern !== undefined) complaints.push('Unexpected pattern')
  if (followerPattern !== undefined) complaints.push('Unexpected follower_index_pattern for remove action')
  if (complaints.length > 0 || connection === undefined || name === undefined) throw refuseInvalid(complaints)
  return { connection, name }
}

/** The plugin ends with a 500 where the name is missing, because it looks at it all the same. */
const complainOfPlace = ({ connection, name }: GivenRule): string[] => [
  ...(connection === undefined || name === undefined ? ['Missing connection or name in the request'] : []),
  ...(name === undefined ? [] : complainOfName(name)),
]

function parseRule({ text, root }: ReadBody): GivenRule {
  const given: GivenRule = { settings: {}, excluded: [], isReplacing: false, roles: { isGiven: false } }
  parseObject(text, 'AutoFollowRequestParser', root, [
    textField('leader_alias', (alias) => {
      given.connection = alias
    }),
    textField('name', (name) => {
      given.name = name
    }),
    textField('pattern', (pattern) => {
      given.pattern = pattern
    }),
    rolesField(text, given.roles),
    settingsField((settings) => {
      given.settings = settings
    }),
    textOrNullField('follower_index_pattern', (pattern) => {
      given.followerPattern = pattern
    }),
    additionsField(text, [
      excludeField((patterns) => {
        given.excluded = patterns
      }),
      flagField('replace', (flag) => {
        given.isReplacing = flag
      }),
    ]),
  ])
  return given
}
