// Errors of the gateway: its calls, its tasks, its connections and the remotes that it may read.
import { defineErrors } from './error-definition.ts'

export const gatewayErrors = defineErrors({
  CONNECTION_EXISTS: {
    meaning: 'The local domain has a cross-cluster connection with this alias already.',
    remedy: 'Choose another alias, or delete the connection that has it.',
    retry: 'never',
    exit: 'usage',
  },
  CONNECTION_UNKNOWN: {
    meaning: 'There is no cross-cluster connection with this id on this side.',
    remedy:
      'Describe the connections to see their ids; a connection that is being validated is not seen by the side that is asked.',
    retry: 'never',
    exit: 'usage',
  },
  CONNECTION_STATE_WRONG: {
    meaning: 'The state of the cross-cluster connection does not allow what was asked.',
    remedy: 'Describe the connection to see its state, and wait or delete it.',
    retry: 'never',
    exit: 'usage',
  },
  CONNECTION_LIMIT: {
    meaning: 'There are as many cross-cluster connections as the configuration allows.',
    remedy: 'Delete a connection that is not needed, or raise the limit in the configuration.',
    retry: 'never',
    exit: 'usage',
  },
  PAGE_TOKEN_INVALID: {
    meaning: 'The token of a page was changed, or belongs to another list or other filters.',
    remedy: 'List from the beginning, without a token.',
    retry: 'never',
    exit: 'usage',
  },
  PROXY_FAILED: {
    meaning:
      'The proxy through which a domain is reached cannot be reached itself, refuses, or finds no way to the domain.',
    remedy:
      "Check the proxy's address and credentials in the configuration, and that it allows connections to the domain.",
    retry: 'later',
    exit: 'side',
  },
  API_CALL_REFUSED: {
    meaning:
      'A call of an imitated API is malformed, not signed as it must be, or not allowed; the answer is in the words of that API.',
    remedy: 'Correct the call as the message says.',
    retry: 'never',
    exit: 'usage',
  },
  REQUEST_MALFORMED: {
    meaning: 'A request to the gateway is no valid HTTP, or its body is not packed as it says.',
    remedy: 'Look at the request as it is sent; the message says what cannot be read.',
    retry: 'never',
    exit: 'usage',
  },
  REQUEST_TOO_LARGE: {
    meaning: 'The body of a call that the gateway answers itself, or has to sign, is larger than its limit.',
    remedy: 'Send less at a time, or raise limits.ownRequestBytesMax in the configuration.',
    retry: 'never',
    exit: 'usage',
  },
  CLIENT_GONE: {
    meaning: 'Whoever asked the gateway closed the connection or fell silent before the call was at its end.',
    remedy: 'Nothing to do here; the caller may ask again.',
    retry: 'now',
    exit: 'usage',
  },
  GATEWAY_STOPPING: {
    meaning: 'The gateway is being stopped and ends what it is at.',
    remedy: 'Ask again when it is there again; tasks go on at its next start.',
    retry: 'later',
    exit: 'paused',
  },
  LISTEN_FAILED: {
    meaning: 'The gateway cannot listen at the address that it was given.',
    remedy: 'Give another address with --listen HOST:PORT, or stop the program that uses it.',
    retry: 'never',
    exit: 'usage',
  },
  GATEWAY_RUNNING: {
    meaning: 'The state folder belongs to another gateway that is running.',
    remedy: 'Stop that gateway, or give this one another folder; tasks of a gateway that has died are taken over.',
    retry: 'later',
    exit: 'state',
  },
  TASKS_FULL: {
    meaning: 'As many tasks wait as the gateway keeps.',
    remedy: 'Wait until some have ended, or cancel some; GET /_tasks?actions=*reindex lists them.',
    retry: 'later',
    exit: 'state',
  },
  TASK_SECRETS_LOST: {
    meaning:
      'The credentials of an unfinished task cannot be read any more, because the key file of the gateway is lost or another.',
    remedy: 'Send the request again.',
    retry: 'never',
    exit: 'state',
  },
  SWITCH_REFUSED: {
    meaning:
      'Traffic of the gateway cannot be switched now: there is no other cluster, or the gateway itself works on this one.',
    remedy: 'Do what the message says, and ask again.',
    retry: 'later',
    exit: 'state',
  },
  SWITCH_LATE: {
    meaning: 'Calls were still under way when the time for switching the traffic of the gateway was over.',
    remedy: 'Ask again with a longer timeout, or with force=true, which leaves them to the old cluster.',
    retry: 'later',
    exit: 'state',
  },
  WRITE_NOT_RECORDED: {
    meaning:
      'The gateway records writes for those who follow an index, and could not note this one on its disk. It was not passed on, for nobody would have seen what it changes.',
    remedy: 'Look at the disk and the permissions of the state folder, and send the request again.',
    retry: 'later',
    exit: 'state',
  },
  REMOTE_NOT_ALLOWED: {
    meaning:
      'The remote of a `_reindex` call is not in `reindex.remote.allowlist`, leads to an address that is not, or cannot be asked in this way.',
    remedy: 'Add its host and port to reindex.remote.allowlist in the configuration, if it may be read.',
    retry: 'never',
    exit: 'usage',
  },
})
