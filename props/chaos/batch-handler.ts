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
      const { partition, offset, key, bytes, valueFrom, valueTo, remaining } = batch
      subject.handle(partition, offset, key, bytes, valueFrom, valueTo, again)
      if (remaining > 0) subject.done(partition, offset)
      again = 1
    }
    return subject.settle(batch.partition, batch.offset)
  },
})
