// One command of the program. cli/ is the only room that reads arguments and the environment:
// everything below takes plain option structs.
//
// A command is one file: a class with its options, registered by one line in registry.cpp.
// `--config FILE.json` (keys are the long option names, with '_' or '-'), `--json` and `--help`
// come with every command; flags win over the file.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"
#include "cli/console.h"

namespace vigor {

// What varies between the program and its tests.
struct CommandContext {
  Console console;
  FileSystem* files = nullptr;
  // Requested by the first Ctrl-C: finish what is under way, leave files whole, return
  // ExitCode::kInterrupted. A second Ctrl-C ends the process.
  std::stop_token stop;
  // --json: print one JSON document on `console.out` and nothing else there.
  bool json = false;
  // --config, for commands that read it themselves (see Command::reads_config); else empty.
  std::filesystem::path config;
  // The arguments as typed, for run.json.
  std::vector<std::string> arguments;
};

class Command {
 public:
  virtual ~Command() = default;
  virtual std::string name() const = 0;
  // One sentence for the list of commands.
  virtual std::string summary() const = 0;
  // Command lines that work as they stand, one a line, shown below --help.
  virtual std::string examples() const = 0;
  // Binds options to members. Do not mark options ->required(): a config file may give them;
  // check with require_option() in run().
  virtual void add_options(CLI::App& app) = 0;
  virtual ExitCode run(const CommandContext& context) = 0;
  // True for commands whose settings are a document of their own (training): --config is handed
  // over in CommandContext::config instead of being merged into the options.
  virtual bool reads_config() const { return false; }
  // Subcommands ("pope build"); a command with subcommands may also run by itself.
  virtual std::vector<std::unique_ptr<Command>> subcommands() const { return {}; }
};

// Throws a usage Error that names the missing option unless `given`.
void require_option(bool given, const std::string& option, const std::string& why);

// Parses and runs. Every failure is printed as one block on console.err and becomes an exit code.
ExitCode run_program(std::vector<std::unique_ptr<Command>> commands,
                     const std::vector<std::string>& arguments, const std::string& version,
                     CommandContext context);

}  // namespace vigor
