import Foundation
import Glibc
import TestSupport
import Testing

/// Sets of shards whose writer is ended early. They are timed, so they run one at a time.
@Suite("Killed conversions to shards", .serialized)
struct KilledShardsTests {
  /// A checkpoint of 60 MB, and the sets that are made from it.
  private struct Setting {
    let folder: TemporaryFolder

    init() throws {
      folder = try TemporaryFolder()
      _ = try folder.write(SampleWeights.pairs(megabytes: 60), as: "w.safetensors")
      _ = try folder.write(SampleWeights.pairs(megabytes: 4, seed: 9), as: "old.safetensors")
      for arguments in [["w.safetensors", "w.h5"], ["w.safetensors", "good/", "--shard-size", "15MB"]] {
        let run = try tessera(["convert"] + arguments, directory: folder.path)
        try #require(run.ending == .exited(0), "\(run.errorText)")
      }
    }

    /// Writes a set of other weights at the destination, with the same number of shards (and so the same names) or
    /// another.
    func prepare(_ old: String?) throws {
      try? FileManager.default.removeItem(atPath: folder.file("out"))
      guard let old else { return }
      let run = try tessera(
        ["convert", "old.safetensors", "out/", "--shard-size", old], directory: folder.path)
      try #require(run.ending == .exited(0), "\(run.errorText)")
    }

    /// The state of the destination: no set, the old weights, or the new ones; anything else is torn.
    func outcome() throws -> String {
      let index = folder.file("out/model.safetensors.index.json")
      guard FileManager.default.fileExists(atPath: index) else {
        // Shards without an index may look like a complete set; those of a killed writer must not.
        let opened = try tessera(["inspect", "out"], directory: folder.path)
        return opened.ending == .exited(2) ? "none" : "torn"
      }
      // The set and not the folder, where shards of the new set that no index names yet are findings.
      guard try tessera(["validate", "--deep", index]).ending == .exited(0) else { return "torn" }
      for (name, outcome) in [("w.safetensors", "new"), ("old.safetensors", "old")] {
        if try tessera(["diff", index, name], directory: folder.path).ending == .exited(0) { return outcome }
      }
      return "torn"
    }

    var hidden: [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: folder.file("out"))) ?? []).filter {
        $0.hasPrefix(".")
      }
    }

    static let arguments = ["convert", "w.h5", "out/", "--shard-size", "15MB"]
  }

  @Test("killed at any moment, the old set is usable, or there is no index, or the new set is whole")
  func killed() throws {
    let setting = try Setting()
    var durations: [Duration] = []
    for _ in 0..<3 {
      try setting.prepare(nil)
      let start = ContinuousClock.now
      #expect(try tessera(Setting.arguments, directory: setting.folder.path).ending == .exited(0))
      durations.append(ContinuousClock.now - start)
    }
    let duration = durations.sorted()[1]
    var outcomes: [String: Int] = [:]
    var (kills, whileWriting) = (0, 0)
    while kills < 30 || whileWriting < 15 {
      try #require(kills < 120, "only \(whileWriting) of \(kills) were writing")
      let old = [nil, "1MB", "100MB"][kills % 3]
      try setting.prepare(old)
      let running = try Subprocess.start(
        Peers.tessera, Setting.arguments, directory: setting.folder.path)
      usleep(UInt32((duration / .microseconds(1)) * Double((kills * 7) % 30) / 30))
      kill(running.process, SIGKILL)
      _ = running.finish()
      kills += 1
      if !setting.hidden.isEmpty { whileWriting += 1 }
      let outcome = try setting.outcome()
      outcomes[outcome, default: 0] += 1
      #expect(outcome != "torn" && (old != nil || outcome != "old"), "\(old ?? "nothing"): \(outcome)")
      // The next run writes the set and removes everything else.
      if kills % 5 == 0 {
        #expect(try tessera(Setting.arguments, directory: setting.folder.path).ending == .exited(0))
        #expect(try Subprocess.run("diff", ["-r", "good", "out"], directory: setting.folder.path).code == 0)
      }
    }
    print("killed \(kills) times over \(duration): \(whileWriting) while writing, \(outcomes)")
  }

  @Test(
    "killed at any rename, the old set is usable, or there is no index, or the new set is whole",
    .enabled(if: Peers.areThere(python: false, programs: ["strace"])),
    arguments: ["1MB", "100MB", nil] as [String?])
  func killedAtRename(old: String?) throws {
    let setting = try Setting()
    var outcomes: [String] = []
    // Strace counts the calls of each thread separately, so it follows only the first thread. That one names the last
    // of 4 shards and the index in the hidden folder, and then renames all of them out of it. If names are taken, the
    // old index and every old shard are first renamed into it.
    let count = old == "1MB" ? 12 : 7
    for number in 1...count + 1 {
      try setting.prepare(old)
      let run = try Subprocess.run(
        "strace",
        [
          "-qqq", "-o", "/dev/null", "-e", "trace=rename", "-e",
          "inject=rename:signal=KILL:when=\(number)",
        ]
          + [Peers.tessera] + Setting.arguments, directory: setting.folder.path)
      #expect(run.ending == (number <= count ? .signalled(SIGKILL) : .exited(0)), "\(number): \(run.ending)")
      outcomes.append(try setting.outcome())
      #expect(try tessera(Setting.arguments, directory: setting.folder.path).ending == .exited(0))
      #expect(try Subprocess.run("diff", ["-r", "good", "out"], directory: setting.folder.path).code == 0)
    }
    // The signal replaces the call. If names are taken, the old index has been moved before the first shard.
    let before = [String](repeating: old == nil ? "none" : "old", count: old == "1MB" ? 3 : 2)
    let between = [String](repeating: old == "1MB" ? "none" : before[0], count: count - before.count)
    #expect(outcomes == before + between + ["new"])
  }

  @Test(
    "killed before the replaced files are removed, the new set is whole, and the next run removes them",
    .enabled(if: Peers.areThere(python: false, programs: ["strace"])))
  func killedBeforeRemoval() throws {
    let setting = try Setting()
    // The call replaced by the signal is each unlink in turn; the first ones remove old temporary names, if any.
    var leftovers = 0
    for number in 1...6 {
      try setting.prepare("100MB")
      _ = try Subprocess.run(
        "strace",
        ["-qqq", "-o", "/dev/null", "-e", "trace=unlink", "-e", "inject=unlink:signal=KILL:when=\(number)"]
          + [Peers.tessera] + Setting.arguments, directory: setting.folder.path)
      let old = setting.folder.file("out/model-00001-of-00001.safetensors")
      if try setting.outcome() == "new", FileManager.default.fileExists(atPath: old) { leftovers += 1 }
      #expect(try tessera(Setting.arguments, directory: setting.folder.path).ending == .exited(0))
      #expect(try Subprocess.run("diff", ["-r", "good", "out"], directory: setting.folder.path).code == 0)
    }
    #expect(leftovers > 0)
  }

  @Test(
    "an error or a signal among the renames leaves the old set, or the new one, and nothing else",
    arguments: ["error=EIO", "signal=TERM"])
  func stoppedAtRename(injection: String) throws {
    let setting = try Setting()
    for number in 3...12 {
      try setting.prepare("1MB")
      let run = try Subprocess.run(
        "strace",
        [
          "-qqq", "-o", "/dev/null", "-e", "trace=rename", "-e",
          "inject=rename:\(injection):when=\(number)",
        ]
          + ["/usr/bin/env", "--default-signal=TERM", Peers.tessera] + Setting.arguments,
        directory: setting.folder.path)
      // A request to end that comes during the renames takes effect after them.
      #expect(run.ending == (injection == "error=EIO" ? .exited(2) : .signalled(SIGTERM)), "\(number)")
      // An error undoes the renames. A signal that replaces a call makes only strace's call fail; the writer waits.
      let outcome = try setting.outcome()
      #expect(outcome == "old" || injection == "signal=TERM" && outcome == "new", "\(number): \(outcome)")
      #expect(setting.hidden.isEmpty, "\(number): \(setting.hidden)")
    }
  }

  @Test(
    "a signal that asks to end removes what was written, and the old set stays", arguments: [SIGINT, SIGTERM])
  func asked(signal: Int32) throws {
    let setting = try Setting()
    try setting.prepare("1MB")
    let running = try Subprocess.start(
      "/usr/bin/env", ["--default-signal=INT,TERM", Peers.tessera] + Setting.arguments,
      directory: setting.folder.path)
    let deadline = ContinuousClock.now + .seconds(10)
    // Until a second shard is begun, when there is a complete one to remove.
    while ContinuousClock.now < deadline {
      let files = setting.hidden.first.flatMap {
        try? FileManager.default.contentsOfDirectory(atPath: setting.folder.file("out/\($0)"))
      }
      if (files ?? []).count >= 2 { break }
      usleep(300)
    }
    kill(running.process, signal)
    #expect(running.finish().ending == .signalled(signal))
    #expect(setting.hidden.isEmpty)
    #expect(try setting.outcome() == "old")
  }

  @Test(
    "a folder that was made for the set goes with it, at a signal and at an error; one that was there stays")
  func madeFolder() throws {
    let setting = try Setting()
    let manager = FileManager.default
    for isThere in [false, true] {
      try setting.prepare(nil)
      if isThere {
        try manager.createDirectory(atPath: setting.folder.file("out"), withIntermediateDirectories: false)
      }
      let running = try Subprocess.start(
        "/usr/bin/env", ["--default-signal=TERM", Peers.tessera] + Setting.arguments,
        directory: setting.folder.path)
      let deadline = ContinuousClock.now + .seconds(10)
      while ContinuousClock.now < deadline, setting.hidden.isEmpty { usleep(300) }
      kill(running.process, SIGTERM)
      #expect(running.finish().ending == .signalled(SIGTERM))
      #expect(manager.fileExists(atPath: setting.folder.file("out")) == isThere)
      if isThere { #expect(try manager.contentsOfDirectory(atPath: setting.folder.file("out")) == []) }
      let run = try shell(
        "ulimit -f 8000; exec \"$0\" \"$@\"", [Peers.tessera] + Setting.arguments, setting.folder.path)
      #expect(run.sentence().contains("cannot write: file too large"))
      #expect(manager.fileExists(atPath: setting.folder.file("out")) == isThere)
    }
  }

  @Test("a full disk leaves the old set and a sentence")
  func fullDisk() throws {
    let setting = try Setting()
    try setting.prepare("1MB")
    // A limit on file sizes must act like a full disk.
    let run = try shell(
      "ulimit -f 8000; exec \"$0\" \"$@\"", [Peers.tessera] + Setting.arguments, setting.folder.path)
    let said = run.sentence()
    #expect(said.hasPrefix("out/model-00001-of-0000"), "\(said)")
    #expect(said.contains("cannot write: file too large"), "\(said)")
    #expect(setting.hidden.isEmpty)
    #expect(try setting.outcome() == "old")
  }
}
