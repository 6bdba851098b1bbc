// Every error that indexferry can end with: one row each. The classes, the exit codes and docs/errors.md come from this table.
import { defineErrors } from './error-definition.ts'
import { followErrors } from './follow-errors.ts'
import { gatewayErrors } from './gateway-errors.ts'
import { journeyErrors } from './journey-errors.ts'
import { objectErrors } from './object-errors.ts'
import { replicationErrors } from './replication-errors.ts'
import { snapshotErrors } from './snapshot-errors.ts'

export const errorCodes = defineErrors({
  INTERNAL: {
    meaning: 'Something that should never happen did: a defect of indexferry.',
    remedy: 'Report it with the text of the error; the same command can be started again, nothing is lost.',
    retry: 'never',
    exit: 'internal',
  },
  USAGE: {
    meaning: 'An option, an argument or a combination of them is not valid.',
    remedy: 'Correct the command; `indexferry COMMAND --help` lists the options.',
    retry: 'never',
    exit: 'usage',
  },
  LOCATION_INVALID: {
    meaning: 'SOURCE or TARGET is not a location that indexferry understands.',
    remedy:
      'Write https://host:9200/INDEX-OR-PATTERN, a file such as products.ndjson.zst, or - for standard input or output.',
    retry: 'never',
    exit: 'usage',
  },
  CONFIG_INVALID: {
    meaning:
      'A file that was named on the command line (configuration, mapping, transform module, certificate) cannot be read or used.',
    remedy: 'Check the path and the content of the file.',
    retry: 'never',
    exit: 'usage',
  },
  HOST_UNKNOWN: {
    meaning: 'The host name does not resolve.',
    remedy: 'Check the spelling of the host and the name server of this machine.',
    retry: 'later',
    exit: 'side',
  },
  CONNECTION_REFUSED: {
    meaning: 'Nothing listens at the address, or a firewall refuses the connection.',
    remedy: 'Check host and port, and that the cluster is running and reachable from this machine.',
    retry: 'later',
    exit: 'side',
  },
  CONNECTION_LOST: {
    meaning: 'The connection broke or timed out, and went on doing so until the retries were used up.',
    remedy: 'Check the network and the load of the cluster; the same command goes on where it stopped.',
    retry: 'later',
    exit: 'side',
  },
  NOT_HTTP: {
    meaning:
      'The address speaks another protocol than the URL says (https to a plain port, http to a TLS port, or no HTTP at all).',
    remedy: 'Try the other scheme (http or https) and check the port.',
    retry: 'never',
    exit: 'side',
  },
  NOT_A_CLUSTER: {
    meaning: 'The address answers HTTP, but not as Elasticsearch or OpenSearch does.',
    remedy: 'Check host, port and path; a proxy in between must pass requests through unchanged.',
    retry: 'never',
    exit: 'side',
  },
  VERSION_UNSUPPORTED: {
    meaning: 'The cluster is older than Elasticsearch 1.7 or its version could not be told.',
    remedy: 'Give the version with --source-version or --target-version (for example elasticsearch-6.8.23).',
    retry: 'never',
    exit: 'side',
  },
  CERTIFICATE_UNTRUSTED: {
    meaning: 'The certificate is not signed by a CA that this machine trusts.',
    remedy: 'Give the CA with --source-ca FILE or --target-ca FILE, to the gateway as `ca` in its configuration.',
    retry: 'never',
    exit: 'side',
  },
  CERTIFICATE_EXPIRED: {
    meaning: 'The certificate is expired or not yet valid.',
    remedy: 'Renew the certificate of the cluster, and check the clock of this machine.',
    retry: 'never',
    exit: 'side',
  },
  CERTIFICATE_NAME_WRONG: {
    meaning: 'The certificate is for another host name.',
    remedy:
      'Use the name that the certificate carries, or give it with --source-tls-name or --target-tls-name, to the gateway as `tls_name`.',
    retry: 'never',
    exit: 'side',
  },
  CERTIFICATE_REQUIRED: {
    meaning: 'The cluster asks for a client certificate, or refuses the one it was given.',
    remedy:
      'Give one with --source-cert and --source-key (or --target-cert and --target-key), to the gateway as `client_certificate`.',
    retry: 'never',
    exit: 'side',
  },
  CREDENTIALS_WRONG: {
    meaning: 'The cluster refused the user name, password, key or signature (401).',
    remedy:
      'Check the credentials of this side (--source-user and INDEXFERRY_SOURCE_PASSWORD, or the same with target).',
    retry: 'never',
    exit: 'side',
  },
  CREDENTIALS_MISSING: {
    meaning: 'The cluster wants credentials and none were given, or the AWS credential chain found none.',
    remedy: 'Give credentials for this side: user and password, API key, bearer token, client certificate or SigV4.',
    retry: 'never',
    exit: 'side',
  },
  PRIVILEGE_MISSING: {
    meaning: 'The credentials are good, but the user may not do this (403).',
    remedy: 'Grant the privilege that the message names; docs/permissions.md lists all that are needed.',
    retry: 'never',
    exit: 'side',
  },
  INDEX_MISSING: {
    meaning: 'No index, alias or data stream of this name is there.',
    remedy: 'Check the name or pattern; hidden and system indexes must be named in full.',
    retry: 'never',
    exit: 'side',
  },
  INDEX_CLOSED: {
    meaning: 'The index is closed, so that it can be neither read nor written.',
    remedy: 'Open it (POST /INDEX/_open) or leave it out with ,-INDEX in the pattern.',
    retry: 'never',
    exit: 'side',
  },
  INDEX_DIFFERS: {
    meaning: 'The target index is there already and its definition does not fit the documents of the source.',
    remedy: 'Choose another name with --rename, delete the target index, or accept it with --accept-definition.',
    retry: 'never',
    exit: 'target',
  },
  TARGET_NOT_EMPTY: {
    meaning: 'The target index already holds documents that this copy did not write.',
    remedy: 'Choose another name with --rename, delete the index, or copy into it with --into-existing.',
    retry: 'never',
    exit: 'target',
  },
  TARGETS_COLLIDE: {
    meaning:
      'Several source indexes would be written into one target index, where documents with the same id overwrite each other.',
    remedy: 'Give --rename patterns that keep the names apart.',
    retry: 'never',
    exit: 'usage',
  },
  SAME_INDEX: {
    meaning: 'Source and target are one and the same index.',
    remedy: 'Name another target, or give the copy another name with --rename.',
    retry: 'never',
    exit: 'usage',
  },
  SOURCE_NOT_STORED: {
    meaning:
      'The mapping of the index switches _source off or filters it, so that the original documents are not there to be read.',
    remedy: 'Copy what is left with --allow-incomplete-source, or move the index by snapshot.',
    retry: 'never',
    exit: 'source',
  },
  DEFINITION_UNSUPPORTED: {
    meaning: 'Mappings or settings need something that the target version does not have.',
    remedy: 'Use --map, --set or --mappings FILE to say what to create instead.',
    retry: 'never',
    exit: 'target',
  },
  DEFINITION_REFUSED: {
    meaning: 'The target refused to create the index.',
    remedy: 'Read the reason that the cluster gave; change the definition with --map, --set or --mappings FILE.',
    retry: 'never',
    exit: 'target',
  },
  QUERY_REFUSED: {
    meaning: 'The source does not accept the query.',
    remedy: 'Correct --query; try it with a plain search on the source first.',
    retry: 'never',
    exit: 'usage',
  },
  REQUEST_REFUSED: {
    meaning: 'The cluster refused a request for a reason that no other code covers.',
    remedy: 'Read the reason that the cluster gave.',
    retry: 'never',
    exit: 'side',
  },
  CLUSTER_BUSY: {
    meaning: 'The cluster answered 429 or 503 until the retries were used up.',
    remedy: 'Lower the load (--rate, --readers, --writers) or wait; the same command goes on where it stopped.',
    retry: 'later',
    exit: 'side',
  },
  SHARD_FAILED: {
    meaning: 'A shard could not be read, so that the answer would have been partial.',
    remedy: 'Bring the shard back (see _cluster/health and _cat/shards); the same command goes on where it stopped.',
    retry: 'later',
    exit: 'side',
  },
  CONTEXT_LOST: {
    meaning: 'The cluster forgot a scroll or point in time that was still being read, again and again.',
    remedy:
      'Raise the number of open contexts or lower the load of the source; the same command goes on where it stopped.',
    retry: 'now',
    exit: 'source',
  },
  ANSWER_INVALID: {
    meaning: 'An answer of the cluster is cut off or is not of the documented form.',
    remedy: 'Look for a proxy that changes answers; the same command goes on where it stopped.',
    retry: 'now',
    exit: 'side',
  },
  DOCUMENT_TOO_LARGE: {
    meaning: 'A document is larger than the limit of indexferry or of the target (http.max_content_length).',
    remedy: 'Raise http.max_content_length on the target or --document-bytes-max here.',
    retry: 'never',
    exit: 'side',
  },
  TARGET_READ_ONLY: {
    meaning: 'The target index or cluster has a block that forbids writing.',
    remedy:
      'Remove the block (index.blocks.write, index.blocks.read_only or cluster.blocks.read_only) and start the same command again.',
    retry: 'later',
    exit: 'target',
  },
  TARGET_FULL: {
    meaning: 'The target is out of disk space: it passed the flood stage and blocks writing.',
    remedy:
      'Free disk space or add nodes, remove index.blocks.read_only_allow_delete, and start the same command again.',
    retry: 'later',
    exit: 'target',
  },
  DOCUMENTS_REJECTED: {
    meaning: 'The copy ended, but the target refused some documents for good.',
    remedy:
      'Read the reasons in the rejected-documents file, mend the target, and send them again with --retry-rejected.',
    retry: 'never',
    exit: 'rejected',
  },
  DOCUMENTS_DIFFER: {
    meaning: 'The verification found documents or definitions that are not equal.',
    remedy: 'Read the report; run verify with --repair.',
    retry: 'never',
    exit: 'different',
  },
  ASSESSMENT_FAILED: {
    meaning: 'The assessment found something that would make a copy fail.',
    remedy: 'Follow the remedies in the table.',
    retry: 'never',
    exit: 'different',
  },
  TRANSFORM_FAILED: {
    meaning: 'The transform could not be applied to a document, or the module threw.',
    remedy: 'Correct the module or the option; the message names the document.',
    retry: 'never',
    exit: 'usage',
  },
  FILE_UNREADABLE: {
    meaning: 'A file cannot be opened, read or written.',
    remedy: 'Check the path, the permissions and the free space.',
    retry: 'never',
    exit: 'file',
  },
  FILE_BROKEN: {
    meaning: 'A file of documents is cut off, or a line of it is not a document.',
    remedy:
      'Write the file again, or mend the line that the message names; --skip-broken-lines counts and passes over them.',
    retry: 'never',
    exit: 'file',
  },
  STATE_UNUSABLE: {
    meaning: 'The state folder cannot be written, or its catalog is damaged or of a newer indexferry.',
    remedy: 'Give another folder with --state FOLDER, or mend the permissions.',
    retry: 'never',
    exit: 'state',
  },
  COPY_RUNNING: {
    meaning: 'The same copy is already running.',
    remedy: 'Wait for it or stop it; `indexferry status` shows who runs it.',
    retry: 'later',
    exit: 'state',
  },
  COPY_UNKNOWN: {
    meaning: 'No copy of this id is in the catalog.',
    remedy: '`indexferry status` lists copies and migrations; check --state.',
    retry: 'never',
    exit: 'state',
  },
  ...followErrors,
  ...gatewayErrors,
  ...objectErrors,
  ...snapshotErrors,
  ...journeyErrors,
  ...replicationErrors,
  PAUSED: {
    meaning: 'Stopped by Ctrl-C or SIGTERM after everything on its way was written and noted.',
    remedy: 'Start the same command again to go on.',
    retry: 'now',
    exit: 'paused',
  },
})

export type ErrorCode = keyof typeof errorCodes
