package import Glibc
internal import Synchronization

/// Held while descriptors are made and inherited, so that no program inherits the pipe of another.
private let spawning = Mutex<Void>(())

/// A program that ran to its end: how it ended, and all its output.
package struct Subprocess: Sendable {
  /// The way in which a program ended.
  package enum Ending: Hashable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    /// It ran longer than its timeout and was killed, with all programs that it had started.
    case timedOut
  }

  package let ending: Ending
  package let output: [UInt8]
  package let errors: [UInt8]

  /// A program's end that was observed in another way, for example by a script.
  package init(ending: Ending, output: [UInt8], errors: [UInt8]) {
    self.ending = ending
    self.output = output
    self.errors = errors
  }

  /// Standard output as text.
  package var outputText: String { String(decoding: output, as: UTF8.self) }
  /// Standard error as text.
  package var errorText: String { String(decoding: errors, as: UTF8.self) }
  /// The exit code; nil if it did not exit by itself.
  package var code: Int32? {
    if case .exited(let code) = ending { return code }
    return nil
  }

  /// Runs a program to its end, with nothing on its standard input.
  ///
  /// Both pipes are drained while it runs: a program whose pipe is full would otherwise wait for ever.
  ///
  /// - Parameters:
  ///   - path: the program; looked up in `PATH` when it has no slash.
  ///   - environment: replaces variables in the environment of the tests; nil removes a variable.
  ///   - directory: the working directory; the tests' own if nil.
  ///   - timeout: seconds, after which its process group is killed.
  /// - Throws: when it could not be started at all.
  package static func run(
    _ path: String, _ arguments: [String], environment: [String: String?] = [:], directory: String? = nil,
    timeout: Double = 120
  ) throws(SubprocessError) -> Subprocess {
    let running = try start(path, arguments, environment: environment, directory: directory)
    return running.finish(timeout: timeout)
  }

  /// Starts a program; the caller must call `finish` once.
  package static func start(
    _ path: String, _ arguments: [String], environment: [String: String?] = [:], directory: String? = nil
  ) throws(SubprocessError) -> RunningSubprocess {
    // The C library's chdir action is not visible to Swift; coreutils' env does the same.
    let command = directory.map { ["env", "-C", $0, path] + arguments } ?? [path] + arguments
    let environment = merged(environment)
    return try spawning.withLock { (_) throws(SubprocessError) in
      let output = try makePipe()
      let errors = try makePipe()
      defer {
        close(output.write)
        close(errors.write)
      }
      do throws(SubprocessError) {
        let process = try spawn(
          command, environment: environment, output: output.write, errors: errors.write)
        return RunningSubprocess(process: process, output: output.read, errors: errors.read)
      } catch {
        close(output.read)
        close(errors.read)
        throw error
      }
    }
  }

  private static func spawn(
    _ command: [String], environment: [String], output: Int32, errors: Int32
  ) throws(SubprocessError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A separate group, so that a timeout also ends the programs that it has started. No signal is blocked: threads of
    // the tests block some, and a program that inherits this cannot be asked to end.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)

    let argv = command.map { strdup($0) } + [nil]
    let envp = environment.map { strdup($0) } + [nil]
    defer {
      for pointer in argv + envp { free(pointer) }
    }
    var process: pid_t = 0
    let status = posix_spawnp(&process, command[0], &actions, &attributes, argv, envp)
    guard status == 0 else {
      throw SubprocessError(path: command[0], reason: String(cString: strerror(status)))
    }
    return process
  }

  private static func makePipe() throws(SubprocessError) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw SubprocessError(path: "pipe", reason: String(cString: strerror(errno)))
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  private static func merged(_ changes: [String: String?]) -> [String] {
    var result: [String] = []
    var entry = environ
    while let text = entry.pointee {
      let line = String(cString: text)
      if changes[String(line.prefix { $0 != "=" })] == nil { result.append(line) }
      entry += 1
    }
    for (name, value) in changes {
      if let value { result.append("\(name)=\(value)") }
    }
    return result
  }
}

/// A program that has been started.
package struct RunningSubprocess: ~Copyable {
  /// Its process id, which is its process group too.
  package let process: pid_t
  private let outputPipe: Int32
  private let errorPipe: Int32

  init(process: pid_t, output: Int32, errors: Int32) {
    self.process = process
    outputPipe = output
    errorPipe = errors
  }

  /// Reads its output until it ends, or kills it after `timeout` seconds.
  package consuming func finish(timeout: Double = 120) -> Subprocess {
    var collected: [[UInt8]] = [[], []]
    var watched = [
      pollfd(fd: outputPipe, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errorPipe, events: Int16(POLLIN), revents: 0),
    ]
    let deadline = ContinuousClock.now + .seconds(timeout)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var isLate = false
    while watched.contains(where: { $0.fd >= 0 }) {
      let left = ContinuousClock.now.duration(to: deadline)
      if left <= .zero {
        isLate = true
        break
      }
      let milliseconds = Int32(min(left / .milliseconds(1), 1000)) + 1
      guard poll(&watched, 2, milliseconds) > 0 else { continue }
      for pipe in watched.indices where watched[pipe].fd >= 0 && watched[pipe].revents != 0 {
        let count = read(watched[pipe].fd, &buffer, buffer.count)
        if count > 0 {
          collected[pipe] += buffer[..<count]
        } else if count == 0 || errno != EINTR {
          watched[pipe].fd = -1
        }
      }
    }
    if isLate { kill(-process, SIGKILL) }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    close(outputPipe)
    close(errorPipe)
    // The wait status, decoded as in <sys/wait.h>: the signal in the low seven bits, the code from bit eight on.
    let signal = status & 0x7F
    let ending: Subprocess.Ending =
      isLate ? .timedOut : signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    return Subprocess(ending: ending, output: collected[0], errors: collected[1])
  }
}

/// An error in starting a program.
package struct SubprocessError: Error, CustomStringConvertible {
  package let path: String
  package let reason: String
  package var description: String { "\(path): \(reason)" }
}
