import Tessera

let checkpoint = try Checkpoint("network.h5")
for task in checkpoint.tasks { print(task.name, task.levels) }
