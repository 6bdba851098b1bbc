// The XML that object stores answer with: elements and text. What else XML can be is passed over, or refused where it could mean
// something (document types with entities of their own).

export interface XmlElement {
  /** Without a namespace's prefix. */
  readonly name: string
  readonly text: string
  readonly children: readonly XmlElement[]
}

interface OpenElement {
  readonly name: string
  text: string
  readonly children: XmlElement[]
}

const opening = /<([^\s/>=]+)(?:\s+[^\s=>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?)>/y
const depthMax = 32

/** The root; undefined when the text is cut off or is no such XML. */
export function readXml(text: string): XmlElement | undefined {
  const top: OpenElement = { name: '', text: '', children: [] }
  const open: OpenElement[] = [top]
  let at = 0
  for (;;) {
    const element = open[open.length - 1] as OpenElement
    const mark = text.indexOf('<', at)
    const end = mark < 0 ? text.length : mark
    if (end > at) element.text += unescapeXml(text.slice(at, end))
    if (mark < 0) break
    const next = text.charCodeAt(mark + 1)
    if (next === slash) {
      at = text.indexOf('>', mark) + 1
      if (at === 0 || text.slice(mark + 2, at - 1).trimEnd() !== element.name || open.length === 1) return undefined
      open.pop()
      ;(open[open.length - 1] as OpenElement).children.push(finished(element))
    } else if (next === questionMark || next === exclamationMark) {
      const passed = passOver(text, mark, element)
      if (passed === undefined) return undefined
      at = passed
    } else {
      opening.lastIndex = mark
      const found = opening.exec(text)
      if (!found || open.length > depthMax) return undefined
      at = opening.lastIndex
      const child: OpenElement = { name: found[1] as string, text: '', children: [] }
      if (found[2] === '') open.push(child)
      else element.children.push(finished(child))
    }
  }
  const [root] = top.children
  return open.length === 1 && top.children.length === 1 && /^\ufeff?\s*$/.test(top.text) ? root : undefined
}

const slash = 0x2f
const questionMark = 0x3f
const exclamationMark = 0x21

/** White space between elements is no text. */
const finished = ({ name, text, children }: OpenElement): XmlElement => ({
  name: name.slice(name.indexOf(':') + 1),
  text: children.length === 0 ? text : '',
  children,
})

/** Behind a declaration, a comment or CDATA, whose text counts. */
function passOver(text: string, mark: number, element: OpenElement): number | undefined {
  for (const [begin, close] of [
    ['<?', '?>'],
    ['<!--', '-->'],
    ['<![CDATA[', ']]>'],
  ] as const) {
    if (!text.startsWith(begin, mark)) continue
    const end = text.indexOf(close, mark + begin.length)
    if (end < 0) return undefined
    if (begin === '<![CDATA[') element.text += text.slice(mark + begin.length, end)
    return end + close.length
  }
  return undefined
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** Character references and the five names. */
export function unescapeXml(text: string): string {
  if (!text.includes('&')) return text
  // Nearly all there is: the quotes around tags.
  const unquoted = text.replaceAll('&quot;', '"')
  if (!unquoted.includes('&')) return unquoted
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return named[name] ?? whole
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
}

export const escapeXml = (text: string): string =>
  text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`)

export const childOf = (element: XmlElement, name: string): XmlElement | undefined =>
  element.children.find((child) => child.name === name)

/** Of the child; undefined when there is none. */
export const textOf = (element: XmlElement, name: string): string | undefined => childOf(element, name)?.text
