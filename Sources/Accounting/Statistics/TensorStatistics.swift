internal import ByteFiles
internal import Synchronization
package import TensorStreams
internal import Tensors

/// The statistics of tensors, read once each on all cores.
package enum TensorStatistics {
  /// The bytes of a window. No element of any dtype crosses its end, and it fits into a core's second-level cache.
  static let windowSize = 48 * 21_845

  /// The statistics of some tensors of a source, in their order. Throws the source's error for the first tensor that
  /// cannot be read.
  ///
  /// - Parameter progress: called from time to time with the bytes read so far.
  package static func run(
    _ source: any TensorSource, _ numbers: [Int], workers: Int = ParallelScan.workerCount,
    progress: (Int) -> Void = { _ in }
  ) throws -> [ValueStatistics] {
    // All cores share a tensor that is larger than one core's share, window by window.
    let total = numbers.reduce(0) { $0 + source.tensors[$1].spec.byteCount }
    let share = max(total / max(1, workers), 4 * windowSize)
    var jobs: [Job] = []
    for (place, number) in numbers.enumerated() {
      let spec = source.tensors[number].spec
      let hands = spec.byteCount > share ? workers : 1
      let reader = SharedReader(source, number, spec)
      for _ in 0..<hands { jobs.append(Job(place: place, size: spec.byteCount / hands, reader: reader)) }
    }
    var done = 0
    let sizes = jobs.map(\.size)
    let found = ParallelScan.run(
      sizes: sizes, workers: workers,
      progress: {
        done += $0
        progress(done)
      }, job: { [jobs] place, counter in jobs[place].reader.count(counter) })
    var tallies: [Int: ValueTally] = [:]
    for (job, result) in zip(jobs, found) {
      let tally = try result.get()
      if tallies[job.place] == nil { tallies[job.place] = tally } else { tallies[job.place]?.merge(tally) }
    }
    return numbers.indices.compactMap { tallies[$0]?.statistics }
  }

  private struct Job: Sendable {
    let place: Int
    let size: Int
    let reader: SharedReader
  }
}

/// A tensor that several threads read: each free thread takes the next window.
private final class SharedReader: @unchecked Sendable {
  // Proof of @unchecked: the reader and the rest of the tensor are used under the lock only.
  private let lock = Mutex(())
  private let source: any TensorSource
  private let number: Int
  let spec: TensorSpec
  private var reader: (any TensorByteReader)?
  /// No element crosses a multiple of this many bytes.
  private let granule: Int
  private var left: Int
  private var elements: Int
  private var failure: (any Error)?

  init(_ source: any TensorSource, _ number: Int, _ spec: TensorSpec) {
    self.source = source
    self.number = number
    self.spec = spec
    granule = spec.dtype.isBlockQuantised ? spec.dtype.block.bytes : 1
    left = spec.byteCount
    elements = spec.elementCount
  }

  /// Counts windows until the tensor ends.
  func count(_ bytes: ByteCounter) -> Result<ValueTally, any Error> {
    Result { try CountedReader(reader: self, bytes: bytes).count(spec.dtype) }
  }

  /// Reads the next window into `memory` and returns its bytes and elements; nil at the end, and after a failure.
  func next(_ memory: UnsafeMutableRawBufferPointer) throws -> (size: Int, elements: Int)? {
    try lock.withLock { _ in
      guard left > 0, failure == nil else { return nil }
      do {
        let reader = try self.reader ?? source.reader(of: number, byteCount: spec.byteCount)
        self.reader = reader
        let window = UnsafeMutableRawBufferPointer(
          rebasing: memory[..<min(left, memory.count / granule * granule)])
        try reader.read(into: window)
        // The padding bits of the last byte are not elements.
        let count = min(elements, spec.dtype.elementCount(inBytes: window.count))
        left -= window.count
        elements -= count
        if left == 0 { self.reader = nil }
        return (window.count, count)
      } catch {
        failure = error
        throw error
      }
    }
  }
}

/// The windows that one thread reads from a shared reader.
private struct CountedReader: WindowSource {
  let reader: SharedReader
  let bytes: ByteCounter

  func count(with counter: some ValueCounter) throws -> ValueTally {
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, min(TensorStatistics.windowSize, reader.spec.byteCount)), alignment: 4096)
    defer { memory.deallocate() }
    while let (size, elements) = try reader.next(memory) {
      counter.add(UnsafeRawBufferPointer(rebasing: memory[..<size]), count: elements)
      bytes.add(size)
    }
    return counter.tally()
  }
}
