// What several replication calls take: names, roles, settings; and the folder in which our own additions stand.
import type { JsonObject } from '../../../model/json.ts'
import type { ReplicationRoles } from '../../../model/replication.ts'
import { type LocatedValue, plainValue } from '../reindex/located-json.ts'
import { type Field, parseObject } from '../reindex/object-parser.ts'
import { illegalArgument, refuse } from '../reindex/refused-call.ts'
import { complainOfPattern } from './names.ts'

/** What the plugin does not know stands under this name, in calls and in answers. */
export const additions = 'indexferry'

export const textField = (name: string, read: (text: string) => void): Field => ({
  names: [name],
  takes: ['string'],
  read: (value) => read(plainValue(value) as string),
})

export const textOrNullField = (name: string, read: (text: string | undefined) => void): Field => ({
  names: [name],
  takes: ['string', 'null'],
  read: (value) => read((plainValue(value) as string | null) ?? undefined),
})

/** As `declareObjectOrDefault`: a boolean stands for leaving it out. */
const objectField = (name: string, read: (value: LocatedValue) => void): Field => ({
  names: [name],
  takes: ['object', 'boolean'],
  read: (value) => {
    if (value.kind === 'object') read(value)
  },
})

export const settingsField = (read: (settings: JsonObject) => void): Field =>
  objectField('settings', (value) => read(plainValue(value) as JsonObject))

/** Roles as they were given; `rolesOf` looks whether they are complete. */
export interface GivenRoles {
  leader?: string | undefined
  follower?: string | undefined
  isGiven: boolean
}

export const rolesField = (text: string, roles: GivenRoles): Field =>
  objectField('use_roles', (value) => {
    if (value.kind === 'object' && value.entries.length > 0) roles.isGiven = true
    parseObject(text, 'UseRolesParser', value, [
      textOrNullField('leader_cluster_role', (role) => {
        roles.leader = role
      }),
      textOrNullField('follower_cluster_role', (role) => {
        roles.follower = role
      }),
    ])
  })

export function rolesOf({ leader, follower, isGiven }: GivenRoles, complaints: string[]): ReplicationRoles | undefined {
  if (!isGiven) return undefined
  if (leader !== undefined && follower !== undefined) return { leader, follower }
  complaints.push('Need roles for leader_cluster_role and follower_cluster_role')
  return undefined
}

export const additionsField = (text: string, fields: readonly Field[]): Field => ({
  names: [additions],
  takes: ['object'],
  read: (value) => parseObject(text, additions, value, fields),
})

export const flagField = (name: string, read: (flag: boolean) => void): Field => ({
  names: [name],
  takes: ['boolean', 'string'],
  read: (value) => {
    const flag = plainValue(value)
    if (flag !== true && flag !== false && flag !== 'true' && flag !== 'false')
      throw refuse(illegalArgument(`Failed to parse value [${String(flag)}] as only [true] or [false] are allowed.`))
    read(flag === true || flag === 'true')
  },
})

/** One text or several. */
export const textsField = (name: string, read: (texts: string[]) => void): Field => ({
  names: [name],
  takes: ['string', 'array'],
  read: (value) => {
    const given = value.kind === 'array' ? value.items : [value]
    const texts = given.map((item) => {
      if (item.kind === 'string') return plainValue(item) as string
      throw refuse(illegalArgument(`[${name}] takes names and patterns, as texts`))
    })
    read(texts)
  },
})

/** Patterns of indexes that are left out, checked as the pattern of a rule is. */
export const excludeField = (read: (patterns: string[]) => void): Field =>
  textsField('exclude', (patterns) => {
    const [complaint] = patterns.flatMap(complainOfPattern)
    if (complaint !== undefined) throw refuse(illegalArgument(complaint))
    read(patterns)
  })
