import { defineHandler } from '../../workers/worker.js'
import { Subject, type SubjectData } from './subject.js'

let subject: Subject

export default defineHandler<Buffer>({
  onStart({ workerData, workerId }) {
    subject = new Subject(workerData as SubjectData, workerId)
  },
  eachMessage({ message, attempt }) {
    const { partition, offset, key, value } = message
    subject.handle(partition, offset, key, value, 0, value.length, attempt)
    return subject.settle(partition, offset)
  },
})
