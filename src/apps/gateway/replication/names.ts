// Names of indexes and rules, and patterns, as OpenSearch's replication plugin allows them; its complaints.

const leaderPlaceholder = '{{leader_index}}'

/** Lucene's set of characters, in the order in which the servers print it. */
const forbidden = '[ , ", *, \\, <, |, ,, >, /, ?]'
const nameBytesMax = 255

export function complainOfName(name: string): string[] {
  const complaints: string[] = []
  const complain = (isWrong: boolean, what: string) => {
    if (isWrong) complaints.push(`Value ${name} must ${what}`)
  }
  complain(name.toLowerCase() !== name, 'be lowercase')
  complain(/[ "*\\<|,>/?]/.test(name), `not contain the following characters ${forbidden}`)
  complain(/[#:]/.test(name), "not contain '#' or ':'")
  complain(name === '.' || name === '..', "not be '.' or '..'")
  complain(/^[_\-+]/.test(name), "not start with '_' or '-' or '+'")
  complain(Buffer.byteLength(name) > nameBytesMax, `not be longer than ${nameBytesMax} bytes`)
  complain(name.startsWith('.'), "not start with '.'")
  // The plugin lets it pass, and fails later.
  complain(name === '', 'not be empty')
  return complaints
}

export function complainOfPattern(pattern: string): string[] {
  const complaints: string[] = []
  const complain = (isWrong: boolean, what: string) => {
    if (isWrong) complaints.push(`Autofollow pattern: ${pattern} must ${what}`)
  }
  complain(/[ "\\<|,>/?]/.test(pattern), `not contain the following characters ${forbidden}`)
  complain(pattern === '', 'not be empty')
  complain(/[#:]/.test(pattern), "not contain '#' or ':'")
  complain(/^[_-]/.test(pattern), "not start with '_' or '-'")
  return complaints
}

export function complainOfFollowerPattern(pattern: string): string[] {
  const hasPlace = pattern.includes(leaderPlaceholder)
  return [
    ...(hasPlace ? [] : [`follower_index_pattern must contain the ${leaderPlaceholder} placeholder`]),
    ...complainOfName(pattern.replaceAll(leaderPlaceholder, 'sample')),
  ]
}

/** Of bulk tasks, which have rules of their own. */
export function complainOfBulkPattern(pattern: string | undefined): string[] {
  if (pattern === undefined || pattern.trim() === '') return ['pattern is required']
  const isWrong = /[ "<>|\\#,]/.test(pattern) || pattern.startsWith('_')
  return isWrong ? [`pattern contains invalid characters: ${pattern}`] : []
}
