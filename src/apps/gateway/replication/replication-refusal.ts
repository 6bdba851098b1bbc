// Errors of replication in the servers' envelope: types and statuses of OpenSearch's plugin, and better ones where it answers a 500.
import type { ErrorCode } from '../../../foundation/error-codes.ts'
import { asIndexferryError, IndexferryError } from '../../../foundation/errors.ts'
import type { JsonObject } from '../../../model/json.ts'
import { errorEnvelope, RefusedCall } from '../reindex/refused-call.ts'
import type { GatewayAnswer } from '../route.ts'
import { answerForError, serverError } from '../server-errors.ts'

const answers: Partial<Record<ErrorCode, readonly [status: number, type: string]>> = {
  REMOTE_UNKNOWN: [404, 'no_such_remote_cluster_exception'],
  LEADER_MISSING: [404, 'index_not_found_exception'],
  LEADER_UNSUITABLE: [400, 'illegal_argument_exception'],
  LEADER_IS_FOLLOWER: [400, 'illegal_argument_exception'],
  LEADER_FILTERED: [403, 'security_exception'],
  LEADER_MADE_ANEW: [404, 'resource_not_found_exception'],
  FOLLOWER_EXISTS: [400, 'illegal_argument_exception'],
  REPLICATION_UNKNOWN: [400, 'illegal_argument_exception'],
  REPLICATION_PAUSED: [400, 'resource_already_exists_exception'],
  REPLICATION_RUNNING: [400, 'resource_already_exists_exception'],
  REPLICATION_BUSY: [409, 'resource_already_exists_exception'],
  REPLICATION_LIMIT: [429, 'rejected_execution_exception'],
  ROLES_MISSING: [403, 'security_exception'],
  ROLE_WRONG: [403, 'security_exception'],
  SETTING_WRONG: [400, 'illegal_argument_exception'],
  DEFINITION_REFUSED: [400, 'illegal_argument_exception'],
  DEFINITION_UNSUPPORTED: [400, 'illegal_argument_exception'],
  ANALYSIS_FILE_MISSING: [404, 'resource_not_found_exception'],
  RULE_UNKNOWN: [404, 'resource_not_found_exception'],
  BULK_RUNNING: [409, 'resource_already_exists_exception'],
  BULK_EMPTY: [404, 'resource_not_found_exception'],
  BULK_UNKNOWN: [404, 'resource_not_found_exception'],
}

export function replicationRefusal(thrown: unknown): GatewayAnswer {
  const error = asIndexferryError(thrown)
  if (error instanceof RefusedCall) return { status: error.status, body: errorEnvelope(error.status, error.exception) }
  return ofReplication(error) ?? ofCluster(error) ?? answerForError(thrown)
}

function ofReplication(error: IndexferryError): GatewayAnswer | undefined {
  const known = answers[error.code]
  if (!known) return undefined
  const [status, type] = known
  const { fields } = error
  if (error.code === 'DEFINITION_REFUSED' && error.cause instanceof IndexferryError) {
    const said = ofCluster(error.cause)
    if (said) return said
  }
  if (error.code === 'BULK_EMPTY' && fields.status === 400)
    return serverError(400, 'illegal_argument_exception', error.message)
  const named = typeof fields.type === 'string' ? fields.type : type
  const reason = named === 'validation_exception' ? `Validation Failed: 1: ${error.message};` : error.message
  return serverError(status, named, reason, detailsOf(error))
}

/** What the servers say about an index that is not there. */
function detailsOf({ code, fields }: IndexferryError): JsonObject {
  if (code !== 'LEADER_MISSING' || typeof fields.index !== 'string') return {}
  return {
    index: fields.index,
    'resource.id': fields.index,
    'resource.type': 'index_or_alias',
    index_uuid: '_na_',
  }
}

/** A cluster refused: its own words, with the side where it is the leader's. */
function ofCluster({ fields, message, side }: IndexferryError): GatewayAnswer | undefined {
  const { status, errorType, reason } = fields
  if (typeof status !== 'number' || status < 400) return undefined
  const type = typeof errorType === 'string' && errorType !== '' ? errorType : 'exception'
  const said = typeof reason === 'string' && reason !== '' ? reason : message
  return serverError(status, type, side === 'source' ? `leader: ${said}` : said.replace(clusterBlock, '$1'))
}

/** Of a block of the whole cluster, the plugin names no index. */
const clusterBlock = /^index \[[^\]]+\] (blocked by: \[[A-Z_]+\/\d+\/cluster )/
