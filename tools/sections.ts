/** How a section of a generated document begins. */
export const HEADING = '## '

/**
 * The sections of a document by their titles, in their order, each with its heading. Documents whose
 * sections are written by different runs keep what a run has nothing new to say about.
 */
export function sectionsOf(document: string): Map<string, string> {
  const sections = new Map<string, string>()
  for (const piece of document.split(`\n${HEADING}`).slice(1)) {
    const [title = ''] = piece.split('\n')
    sections.set(title, `${HEADING}${piece.trim()}`)
  }
  return sections
}
