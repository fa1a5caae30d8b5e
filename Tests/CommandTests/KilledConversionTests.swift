import Foundation
import Glibc
import TestSupport
import Testing

/// Conversions that are ended early. They are timed, so they run one at a time.
@Suite("Killed conversions", .serialized)
struct KilledConversionTests {
  /// A large source, so that most of a conversion's time is writing, and its converted file.
  private struct Setting {
    let folder: TemporaryFolder
    let good: Data
    let old = Data("an old file, which is not even a checkpoint".utf8)
    var destination: String { folder.file("out.h5") }
    var arguments: [String] {
      ["convert", folder.file("w.safetensors"), destination, "--plan", folder.file("plan.json")]
    }

    init(megabytes: Int) throws {
      folder = try TemporaryFolder()
      _ = try folder.write(SampleWeights.pairs(megabytes: megabytes), as: "w.safetensors")
      _ = try folder.write(SampleWeights.pairsPlan, as: "plan.json")
      let path = folder.file("out.h5")
      let run = try Subprocess.run(
        Peers.tessera,
        ["convert", folder.file("w.safetensors"), path, "--plan", folder.file("plan.json")])
      try #require(run.ending == .exited(0), "\(run.errorText)")
      good = try Data(contentsOf: URL(fileURLWithPath: path))
      try FileManager.default.removeItem(atPath: path)
    }

    func prepare(withOld: Bool) throws {
      try? FileManager.default.removeItem(atPath: destination)
      if withOld { try old.write(to: URL(fileURLWithPath: destination)) }
    }

    var content: Data? { try? Data(contentsOf: URL(fileURLWithPath: destination)) }
  }

  @Test("killed at any moment, it leaves the old file, none or the whole; the next run cleans up")
  func killedAtFiftyMoments() throws {
    let setting = try Setting(megabytes: 120)
    var durations: [Duration] = []
    for _ in 0..<3 {
      try setting.prepare(withOld: false)
      let start = ContinuousClock.now
      #expect(try Subprocess.run(Peers.tessera, setting.arguments).ending == .exited(0))
      durations.append(ContinuousClock.now - start)
    }
    let duration = durations.sorted()[1]

    var (kills, whileWriting, overOld) = (0, 0, 0)
    var outcomes: [String: Int] = [:]
    // Fifty delays over the measured duration; more if the machine has become faster since.
    while kills < 50 || whileWriting < 30 {
      try #require(kills < 200, "only \(whileWriting) of \(kills) were writing")
      let withOld = kills % 2 == 1
      try setting.prepare(withOld: withOld)
      let running = try Subprocess.start(Peers.tessera, setting.arguments)
      usleep(UInt32((duration / .microseconds(1)) * Double((kills * 7) % 50) / 50))
      kill(running.process, SIGKILL)
      let ending = running.finish().ending
      kills += 1
      if withOld { overOld += 1 }
      // The temporary file of a killed process stays, which proves that it was killed while writing.
      if try !setting.folder.temporaries().isEmpty { whileWriting += 1 }
      let content = setting.content
      let outcome =
        content == nil
        ? "absent" : content == setting.good ? "whole" : content == setting.old ? "old" : "torn"
      outcomes[outcome, default: 0] += 1
      #expect(outcome != "torn" && (withOld || outcome != "old") && (!withOld || outcome != "absent"))
      #expect(ending == .signalled(SIGKILL) || outcome == "whole")

      // The next run must succeed: mostly with a small file, sometimes with the same one, which takes longer.
      if kills % 10 == 0 {
        #expect(try Subprocess.run(Peers.tessera, setting.arguments).ending == .exited(0))
        #expect(setting.content == setting.good)
      } else {
        let small = try setting.folder.write(SampleWeights.bytes([("a", "U8", [3])]), as: "s.safetensors")
        #expect(
          try Subprocess.run(Peers.tessera, ["convert", small, setting.destination]).ending == .exited(0))
        #expect(try tessera(["validate", "--deep", setting.destination]).ending == .exited(0))
      }
      #expect(try setting.folder.temporaries().isEmpty)
    }
    #expect(whileWriting >= 30 && overOld >= 25)
    print("killed \(kills) times over \(duration): \(whileWriting) while writing, \(outcomes)")
  }

  @Test("a signal that asks to end removes the temporary at once", arguments: [SIGINT, SIGTERM, SIGHUP])
  func asked(signal: Int32) throws {
    let setting = try Setting(megabytes: 40)
    var caught = 0
    for withOld in [false, true] {
      try setting.prepare(withOld: withOld)
      // Background jobs inherit ignored signals; `env` restores the default actions.
      let running = try Subprocess.start(
        "/usr/bin/env", ["--default-signal=INT,TERM,HUP", Peers.tessera] + setting.arguments)
      let deadline = ContinuousClock.now + .seconds(10)
      while try setting.folder.temporaries().isEmpty, ContinuousClock.now < deadline { usleep(500) }
      kill(running.process, signal)
      let ending = running.finish().ending
      if ending == .signalled(signal) {
        caught += 1
        #expect(setting.content == (withOld ? setting.old : nil))
      }
      #expect(try setting.folder.temporaries().isEmpty)
    }
    #expect(caught == 2)
  }

  @Test("two conversions to one destination both succeed, the last wins, and nothing stays behind")
  func concurrent() throws {
    let folder = try TemporaryFolder()
    var good: [[UInt8]] = []
    for (name, seed) in [("a", UInt64(1)), ("b", 2)] {
      _ = try folder.write(SampleWeights.pairs(megabytes: 2, seed: seed), as: "\(name).safetensors")
      let run = try tessera(["convert", "\(name).safetensors", "\(name).h5"], directory: folder.path)
      #expect(run.ending == .exited(0))
      good.append(try TemporaryFolder.bytes(of: folder.file("\(name).h5")))
    }
    for _ in 0..<10 {
      let first = try Subprocess.start(
        Peers.tessera, ["convert", "a.safetensors", "out.h5"], directory: folder.path)
      let second = try Subprocess.start(
        Peers.tessera, ["convert", "b.safetensors", "out.h5"], directory: folder.path)
      let endings = [first.finish(), second.finish()]
      for run in endings { #expect(run.ending == .exited(0), "\(run.errorText)") }
      #expect(good.contains(try TemporaryFolder.bytes(of: folder.file("out.h5"))))
      #expect(try folder.temporaries().isEmpty)
    }
  }
}
