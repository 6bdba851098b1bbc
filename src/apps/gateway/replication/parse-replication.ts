// The calls about one replication: bodies as OpenSearch's plugin reads them, its complaints, and our additions.
import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import type { ReplicationRequest } from '../../../model/replication.ts'
import { plainValue } from '../reindex/located-json.ts'
import { parseObject } from '../reindex/object-parser.ts'
import { refuse, refuseInvalid } from '../reindex/refused-call.ts'
import { complainOfName } from './names.ts'
import {
  additionsField,
  flagField,
  type GivenRoles,
  rolesField,
  rolesOf,
  settingsField,
  textField,
} from './parse-fields.ts'
import type { ReadBody } from './read-body.ts'

const userInitiated = 'User initiated'
/** The plugin has no limit; a reason is for people. */
const reasonLengthMax = 1000

export function parseStart({ text, root }: ReadBody, follower: string): ReplicationRequest {
  let connection: string | undefined
  let leaderIndex: string | undefined
  let settings: JsonObject = {}
  let isAgain = false
  const given: GivenRoles = { isGiven: false }
  parseObject(text, 'FollowIndexRequestParser', root, [
    textField('leader_alias', (alias) => {
      connection = alias
    }),
    textField('leader_index', (index) => {
      leaderIndex = index
    }),
    rolesField(text, given),
    settingsField((found) => {
      settings = found
    }),
    additionsField(text, [
      flagField('restart', (flag) => {
        isAgain = flag
      }),
    ]),
  ])
  if (connection === undefined || leaderIndex === undefined) {
    const missing = [connection === undefined ? 'leader_alias' : '', leaderIndex === undefined ? 'leader_index' : '']
    throw refuseInvalid([`Mandatory params [${missing.filter(Boolean).join(', ')}] are missing for the request`])
  }
  const complaints = [...complainOfName(leaderIndex), ...complainOfName(follower)]
  const roles = rolesOf(given, complaints)
  if (complaints.length > 0) throw refuseInvalid(complaints)
  return { follower, connection, leaderIndex, roles, settings, isAgain }
}

/** The reason. */
export function parsePause(body: ReadBody | undefined): string {
  let reason = userInitiated
  if (!body) return reason
  parseObject(body.text, 'PauseReplicationRequestParser', body.root, [
    textField('reason', (text) => {
      reason = text.slice(0, reasonLengthMax)
    }),
  ])
  return reason
}

/** Whether a leader that was made anew is to be copied again. */
export function parseResume(body: ReadBody | undefined): boolean {
  let isForced = false
  if (!body) return isForced
  parseObject(body.text, 'ResumeReplicationRequestParser', body.root, [
    flagField('force_resume', (flag) => {
      isForced = flag
    }),
  ])
  return isForced
}

export function parseStop(body: ReadBody | undefined): void {
  if (body) parseObject(body.text, 'StopReplicationRequestParser', body.root, [])
}

/** `{"settings": {…}}`, or the settings alone, as UpdateSettingsRequest takes them. */
export function parseUpdate({ root }: ReadBody): JsonObject {
  const whole = plainValue(root)
  if (!isJsonObject(whole))
    throw refuse({ type: 'parse_exception', reason: 'the body has to be an object of settings' })
  return isJsonObject(whole.settings) ? whole.settings : whole
}
