/** Prints every breach of the house rules; exits with 1 if there is one. */
import { describeFinding, inspectProject } from './house-rules.js'

const findings = inspectProject()
for (const finding of findings) console.error(describeFinding(finding))
console.log(`House rules: ${findings.length === 0 ? 'kept' : `${findings.length} breaches`}`)
if (findings.length > 0) process.exitCode = 1
