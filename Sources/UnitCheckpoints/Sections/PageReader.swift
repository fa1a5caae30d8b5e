internal import Synchronization
internal import Tensors

/// Reads ranges of sections, and checks every page that it reads.
///
/// Whole pages are read directly into the target. Other pages are kept in runs. Runs grow while a section is read in
/// order, so small tensors take one read for each megabyte instead of one for each block.
final class PageReader: Sendable {
  /// Fills a buffer with the bytes of a section from an offset.
  typealias Fetch = @Sendable (Int, Int, UnsafeMutableRawBufferPointer) throws(CheckpointError) -> Void

  private let map: SectionMap
  private let checksums: [UInt64]
  private let damage:
    @Sendable (_ section: Int, _ page: Int, _ expected: UInt64, _ found: UInt64) -> CheckpointError
  private let state = Mutex(State())
  /// The most bytes of one run; with this limit, each section can have a run.
  private let runLimit: Int

  /// The most bytes of all runs, except one.
  let runBytes: Int

  private struct State {
    /// The kept runs of each section.
    var runs: [Int: [Run]] = [:]
    var byteCount = 0
    /// Counts uses, to find the run that was used least recently.
    var clock = 0
    /// For each section, the page after the last one that was read, and the number of pages in the last run.
    var ends: [Int: (page: Int, count: Int)] = [:]
  }

  /// Consecutive pages of a section.
  private final class Run: @unchecked Sendable {
    // Proof of @unchecked: it is filled before it is added to the runs, and only read afterwards; `used` is behind the
    // mutex.
    let first: Int
    let bytes: UnsafeMutableRawBufferPointer
    var used = 0

    init(first: Int, byteCount: Int) {
      self.first = first
      bytes = .allocate(byteCount: byteCount, alignment: 64)
    }

    deinit { bytes.deallocate() }
  }

  /// The most bytes of pages that one file keeps, except for one run.
  static let keptBytes = 32 << 20

  /// - Parameters:
  ///   - checksums: the checksums of the pages of all sections.
  ///   - runBytes: the most bytes of pages that are kept, except for one run.
  ///   - damage: makes the error of a page that does not match its checksum.
  init(
    _ map: SectionMap, checksums: [UInt64], runBytes: Int = keptBytes,
    damage: @escaping @Sendable (Int, Int, UInt64, UInt64) -> CheckpointError
  ) {
    self.map = map
    self.checksums = checksums
    self.damage = damage
    self.runBytes = runBytes
    runLimit = max(map.pageBytes, min(1 << 20, runBytes / max(1, map.sections.count)))
  }

  /// Fills `buffer` with the bytes of a section from `offset`.
  func read(
    section: Int, at offset: Int, into buffer: UnsafeMutableRawBufferPointer, fetch: Fetch
  ) throws(CheckpointError) {
    let size = map.sections[section].byteCount
    var done = 0
    while done < buffer.count {
      let position = offset + done
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let taken = take(section, position, rest)
      if taken > 0 {
        done += taken
        continue
      }
      let page = position / map.pageBytes
      let end = position + rest.count
      // Whole pages: to the last full one, to the end of the section, or to a page that is kept.
      let kept = state.withLock { Self.firstKept(section, behind: page, $0) }
      let last = min(
        end == size ? end : end / map.pageBytes * map.pageBytes, kept.map { $0 * map.pageBytes } ?? end)
      let whole = last - position
      if position % map.pageBytes == 0, whole > 0 {
        let target = UnsafeMutableRawBufferPointer(rebasing: rest[..<whole])
        try fetch(section, position, target)
        try check(section, page, UnsafeRawBufferPointer(target))
        state.withLock { state in
          state.ends[section] = (
            SectionMap.pages(of: position + whole, map.pageBytes), state.ends[section]?.count ?? 1
          )
        }
        done += whole
      } else {
        try load(section, page, fetch)
      }
    }
  }

  /// The first page of a section after `page` with which a kept run begins.
  private static func firstKept(_ section: Int, behind page: Int, _ state: State) -> Int? {
    state.runs[section]?.lazy.map(\.first).filter { $0 > page }.min()
  }

  /// Copies the bytes from `position` that are in a kept run; returns their number.
  private func take(_ section: Int, _ position: Int, _ target: UnsafeMutableRawBufferPointer) -> Int {
    state.withLock { state in
      guard
        let run = state.runs[section]?.first(where: {
          $0.first * map.pageBytes <= position && position < $0.first * map.pageBytes + $0.bytes.count
        })
      else { return 0 }
      state.clock += 1
      run.used = state.clock
      let start = position - run.first * map.pageBytes
      let count = min(target.count, run.bytes.count - start)
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: run.bytes[start..<start + count]))
      return count
    }
  }

  /// Bytes of the pages that are kept.
  var keptByteCount: Int { state.withLock { $0.byteCount } }

  /// Reads a page; if the section is being read in order, also the pages after it.
  ///
  /// A damaged page after it does not prevent reading this page.
  private func load(_ section: Int, _ page: Int, _ fetch: Fetch) throws(CheckpointError) {
    let size = map.sections[section].byteCount
    let count = state.withLock { state in
      let last = state.ends[section]
      let isNext = last.map { $0.page == page } ?? (page == 0)
      var count = isNext ? min((last?.count ?? 1) * 4, runLimit / map.pageBytes) : 1
      // A tensor can have several blocks in a section, and each window of the tensor reads from several of them.
      if let kept = Self.firstKept(section, behind: page, state) { count = min(count, kept - page) }
      state.ends[section] = (page + count, count)
      return count
    }
    let start = page * map.pageBytes
    var run = Run(first: page, byteCount: min(count * map.pageBytes, size - start))
    do throws(CheckpointError) {
      try fetch(section, start, run.bytes)
      try check(section, page, UnsafeRawBufferPointer(run.bytes))
    } catch {
      if run.bytes.count <= map.pageBytes { throw error }
      run = Run(first: page, byteCount: map.pageBytes)
      try fetch(section, start, run.bytes)
      try check(section, page, UnsafeRawBufferPointer(run.bytes))
      // The next page is also read by itself.
      state.withLock { $0.ends[section] = nil }
    }
    state.withLock { state in
      state.clock += 1
      run.used = state.clock
      state.runs[section, default: []].append(run)
      state.byteCount += run.bytes.count
      // The run that was just read is the newest one, and is kept.
      while state.byteCount > runBytes + runLimit, state.byteCount > run.bytes.count {
        Self.dropOldest(&state)
      }
    }
  }

  /// Drops the least recently used sixteenth of the runs. Searching for one run among thousands each time would take
  /// longer than reading.
  private static func dropOldest(_ state: inout State) {
    let used = state.runs.values.flatMap { $0.map(\.used) }.sorted()
    guard let last = used.first.map({ _ in used[max(0, used.count / 16 - 1)] }) else { return }
    for (section, runs) in state.runs {
      let kept = runs.filter { $0.used > last }
      if kept.count == runs.count { continue }
      state.byteCount -= runs.reduce(0) { $0 + ($1.used > last ? 0 : $1.bytes.count) }
      state.runs[section] = kept.isEmpty ? nil : kept
    }
  }

  /// Compares pages with their checksums; `bytes` begins with page `first`.
  private func check(_ section: Int, _ first: Int, _ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    var page = first
    for start in stride(from: 0, to: bytes.count, by: map.pageBytes) {
      let found = RunChecksum.of(
        UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + map.pageBytes, bytes.count)]))
      let expected = checksums[map.sections[section].firstPage + page]
      if found != expected { throw damage(section, page, expected, found) }
      page += 1
    }
  }

  /// The errors of all pages of a section that do not match their checksum or cannot be read.
  func damagedPages(of section: Int, fetch: Fetch) -> [CheckpointError] {
    var errors: [CheckpointError] = []
    let size = map.sections[section].byteCount
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(size, map.pageBytes), alignment: 4096)
    defer { buffer.deallocate() }
    for start in stride(from: 0, to: size, by: map.pageBytes) where errors.count < DefectLog.limit {
      let page = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(map.pageBytes, size - start)])
      do throws(CheckpointError) {
        try fetch(section, start, page)
        try check(section, start / map.pageBytes, UnsafeRawBufferPointer(page))
      } catch { errors.append(error) }
    }
    return errors
  }
}
