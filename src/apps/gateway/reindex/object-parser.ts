// Reads an object as the servers' ObjectParser does: known fields with the kinds of values they take, and complaints that name the
// place, one around the other.
import { didYouMean } from './did-you-mean.ts'
import { type LocatedValue, placeOf, tokenName } from './located-json.ts'
import { RefusedCall, refuse, type ServerCause } from './refused-call.ts'

export interface Field {
  readonly names: readonly string[]
  readonly takes: readonly LocatedValue['kind'][]
  readonly read: (value: LocatedValue) => void
}

/** A complaint, and where the parser stood: complaints around it begin with the same place. */
class Misplaced extends RefusedCall {
  readonly tokenAt: number

  constructor(exception: ServerCause, tokenAt: number) {
    super(400, exception)
    this.tokenAt = tokenAt
  }
}

const complain = (text: string, parser: string, at: number, sentence: string, tokenAt: number, cause?: ServerCause) =>
  new Misplaced(
    {
      type: 'x_content_parse_exception',
      reason: `${placeOf(text, at)} [${parser}] ${sentence}`,
      ...(cause && { caused_by: cause }),
    },
    tokenAt,
  )

export function parseObject(text: string, parser: string, node: LocatedValue, fields: readonly Field[]): void {
  if (node.kind !== 'object') {
    throw complain(text, parser, node.at, `Expected START_OBJECT but was: ${tokenName(node)}`, node.at)
  }
  for (const { name, nameAt, value } of node.entries) {
    const field = fields.find(({ names }) => names.includes(name))
    if (!field) {
      const known = fields.flatMap(({ names }) => names)
      throw complain(text, parser, nameAt, `unknown field [${name}]${didYouMean(name, known)}`, value.at)
    }
    if (!field.takes.includes(value.kind)) {
      const sentence = `${name} doesn't support values of type: ${tokenName(value)}`
      throw complain(text, parser, value.at, sentence, value.at)
    }
    try {
      field.read(value)
    } catch (error) {
      if (!(error instanceof RefusedCall)) throw error
      const at = error instanceof Misplaced ? error.tokenAt : value.at
      throw complain(text, parser, at, `failed to parse field [${name}]`, at, error.exception)
    }
  }
}

/** Complaints about a value that was read whole: the parser stands at its last letter. */
export function atEnd(value: LocatedValue, read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof RefusedCall)) throw error
    throw new Misplaced(error.exception, value.end - 1)
  }
}

export const refuseSource = (text: string, source: LocatedValue, cause: ServerCause): RefusedCall => {
  const at = source.end - 1
  const { exception } = complain(text, 'reindex', at, 'failed to parse field [source]', at, cause)
  return refuse(exception)
}
