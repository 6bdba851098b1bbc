// Errors of replication: what its API refuses, in the words of OpenSearch's replication plugin where it has some.
import { defineErrors } from './error-definition.ts'

export const replicationErrors = defineErrors({
  REMOTE_UNKNOWN: {
    meaning: 'The local cluster has no active connection, and no registration under cluster.remote, with this alias.',
    remedy: 'Create a cross-cluster connection with this alias and accept it, or register the cluster.',
    retry: 'never',
    exit: 'usage',
  },
  LEADER_MISSING: {
    meaning: 'The cluster of the leader has no such index. Aliases and data streams cannot be followed, only indexes.',
    remedy: 'Give the name of an index.',
    retry: 'never',
    exit: 'usage',
  },
  LEADER_UNSUITABLE: {
    meaning: 'The leader index cannot be followed for now or at all: it is closed, not all of its shards are there, …',
    remedy: 'Do what the message asks for.',
    retry: 'never',
    exit: 'usage',
  },
  LEADER_IS_FOLLOWER: {
    meaning: 'The leader index is itself the follower of a replication.',
    remedy: 'Replicate the index that it follows.',
    retry: 'never',
    exit: 'usage',
  },
  LEADER_FILTERED: {
    meaning: 'The cluster of the leader hides documents or fields of the index from the credentials that read it.',
    remedy: 'Give the domain of the leader credentials in the configuration that may read all documents and fields.',
    retry: 'never',
    exit: 'side',
  },
  LEADER_MADE_ANEW: {
    meaning: 'The leader index is not the one any more that was followed: deleted and made anew, or restored.',
    remedy: 'Stop the replication, and start it again.',
    retry: 'never',
    exit: 'side',
  },
  FOLLOWER_EXISTS: {
    meaning: 'The local cluster has an index, an alias or a data stream with the name of the follower.',
    remedy: 'Delete the index or choose another name.',
    retry: 'never',
    exit: 'usage',
  },
  REPLICATION_UNKNOWN: {
    meaning: 'There is no replication to this follower index.',
    remedy: 'Look at the name; a replication that was stopped is forgotten.',
    retry: 'never',
    exit: 'usage',
  },
  REPLICATION_PAUSED: {
    meaning: 'The replication is paused already.',
    remedy: 'Nothing to do.',
    retry: 'never',
    exit: 'usage',
  },
  REPLICATION_RUNNING: {
    meaning: 'The replication runs already.',
    remedy: 'Nothing to do.',
    retry: 'never',
    exit: 'usage',
  },
  REPLICATION_BUSY: {
    meaning: 'Another call is just starting, pausing, resuming or stopping this replication.',
    remedy: 'Try again in a moment.',
    retry: 'later',
    exit: 'state',
  },
  REPLICATION_LIMIT: {
    meaning: 'There are as many replications, or rules of auto-follow, as the gateway keeps.',
    remedy: 'Stop one that is not needed.',
    retry: 'never',
    exit: 'usage',
  },
  ROLES_MISSING: {
    meaning: 'The cluster has security, and the call does not say which roles the replication is to have.',
    remedy: 'Give both roles in use_roles.',
    retry: 'never',
    exit: 'usage',
  },
  ROLE_WRONG: {
    meaning: 'The caller does not have a role that is named in use_roles, or the role does not allow the replication.',
    remedy: 'Map the role to the user on that cluster, or name another one.',
    retry: 'never',
    exit: 'usage',
  },
  SETTING_WRONG: {
    meaning:
      'A setting for the follower index is unknown, has a wrong value, or cannot differ from that of the leader.',
    remedy: 'Leave the setting out or correct it.',
    retry: 'never',
    exit: 'usage',
  },
  ANALYSIS_FILE_MISSING: {
    meaning: 'The analysis of the leader reads a file, such as synonyms, that the nodes of the follower do not have.',
    remedy:
      'Put the file into the config folder of every node, or name another one in the settings of the replication.',
    retry: 'never',
    exit: 'target',
  },
  RULE_UNKNOWN: {
    meaning: 'There is no rule of auto-follow with this name for this connection.',
    remedy: 'GET _plugins/_replication/_autofollow lists the rules.',
    retry: 'never',
    exit: 'usage',
  },
  BULK_RUNNING: {
    meaning: 'A bulk task of replication runs, and there is one at a time.',
    remedy: 'Wait for it or cancel it.',
    retry: 'later',
    exit: 'state',
  },
  BULK_EMPTY: {
    meaning: 'The pattern of a bulk task of replication matches no index, or none for which it can be done.',
    remedy: 'Look at the pattern and at the states of the replications.',
    retry: 'never',
    exit: 'usage',
  },
  BULK_UNKNOWN: {
    meaning: 'There is no bulk task of replication with this id, or it has ended and cannot be cancelled.',
    remedy: 'Look at the id that the call which began it answered.',
    retry: 'never',
    exit: 'usage',
  },
})
