import { defineHandler } from '../../workers/worker.js'
import { Subject, type SubjectData } from './subject.js'

let subject: Subject

export default defineHandler<Buffer>({
  onStart({ workerData, workerId }) {
    subject = new Subject(workerData as SubjectData, workerId)
  },
  eachBatch({ batch, attempt }) {
    // The record that failed is the first one of the next attempt.
    let again = attempt
    while (batch.next()) {
      const { partition, offset, key, bytes, valueFrom, valueTo } = batch
      subject.handle(partition, offset, key, bytes, valueFrom, valueTo, again)
      again = 1
    }
    return subject.settle()
  },
})
