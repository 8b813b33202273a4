/** The names that a source file declares, for documents that point to them. */
import ts from 'typescript'
import type { ProjectFile } from './project.js'

/** Functions, classes, interfaces, types and constants of a file, and members as `Class.member`. */
export function declaredNames({ path, text }: ProjectFile): ReadonlySet<string> {
  const names = new Set<string>()
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  for (const statement of tree.statements) {
    if (ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations) {
        if (ts.isIdentifier(name)) names.add(name.text)
      }
    } else if (isNamed(statement)) {
      names.add(statement.name.text)
      if (ts.isClassDeclaration(statement)) addMembers(statement, names)
    }
  }
  return names
}

function addMembers({ name, members }: ts.ClassDeclaration, names: Set<string>): void {
  for (const member of members) {
    if (member.name === undefined || !ts.isIdentifier(member.name)) continue
    names.add(member.name.text)
    names.add(`${name?.text}.${member.name.text}`)
  }
}

function isNamed(node: ts.Statement): node is ts.Statement & { readonly name: ts.Identifier } {
  const name: unknown = Reflect.get(node, 'name')
  return typeof name === 'object' && name !== null && ts.isIdentifier(name as ts.Node)
}
