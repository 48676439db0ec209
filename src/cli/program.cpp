#include <algorithm>
#include <charconv>
#include <map>
#include <new>

#include "base/error.h"
#include "cli/command.h"
#include "cli/config_merge.h"

namespace vigor {
namespace {

struct Node {
  std::unique_ptr<Command> command;
  CLI::App* app = nullptr;
  std::string config;
  bool json = false;
  std::vector<std::unique_ptr<Node>> children;
};

std::unique_ptr<Node> add_command(CLI::App& parent, std::unique_ptr<Command> command) {
  auto node = std::make_unique<Node>();
  node->command = std::move(command);
  CLI::App* app = parent.add_subcommand(node->command->name(), node->command->summary());
  node->app = app;
  app->set_help_flag("-h,--help", "Show this help and exit");
  app->add_option("--config", node->config,
                  node->command->reads_config()
                      ? "JSON file of the settings"
                      : "JSON file with any of these options (keys: option names); flags win")
      ->type_name("FILE.json");
  app->add_flag("--json", node->json, "Print the result as one JSON document");
  node->command->add_options(*app);
  // Unknown options are reported by us, with the nearest known one.
  app->allow_extras();
  app->footer("Examples:\n" + node->command->examples());
  for (std::unique_ptr<Command>& child : node->command->subcommands()) {
    node->children.push_back(add_command(*app, std::move(child)));
  }
  return node;
}

// CLI11 writes out the largest number that there is where there is no upper bound.
std::string without_endless_range(std::string text) {
  const size_t range = text.find(" not in range "), value = text.find("Value ");
  if (range == std::string::npos || value > range ||
      text.find(" to 17976931348623157", range) == std::string::npos) {
    return text;
  }
  const std::string number = text.substr(value + 6, range - value - 6);
  double read = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), read);
  const bool is_number = error == std::errc() && end == number.data() + number.size();
  const char* wrong = !is_number ? " is no number" : read < 0 ? " is below 0" : " is not above 0";
  return text.substr(0, value) + "'" + number + "'" + wrong;
}

Error usage(std::string what, std::string fix) {
  return Error({.what = std::move(what), .fix = std::move(fix), .exit_code = ExitCode::kUsage});
}

std::string suggestion(const std::string& name, const std::vector<std::string>& known,
                       const std::string& otherwise) {
  const std::string nearest = nearest_name(name, known);
  return nearest.empty() ? otherwise : "did you mean " + nearest + "?";
}

void reject_unknown_command(const std::vector<std::string>& arguments,
                            const std::vector<std::unique_ptr<Node>>& nodes) {
  if (arguments.empty() || arguments[0].starts_with('-')) return;
  std::vector<std::string> names;
  for (const auto& node : nodes) names.push_back(node->command->name());
  if (std::find(names.begin(), names.end(), arguments[0]) != names.end()) return;
  throw usage("unknown command " + printable(arguments[0]),
              suggestion(arguments[0], names, "vigor-eval --help lists the commands"));
}

void reject_unknown_options(const CLI::App& app) {
  const std::vector<std::string> extra = app.remaining();
  if (extra.empty()) return;
  auto option = std::find_if(extra.begin(), extra.end(),
                             [](const std::string& text) { return text.starts_with('-'); });
  if (option == extra.end()) {
    std::vector<std::string> names;
    for (const CLI::App* one : app.get_subcommands({})) names.push_back(one->get_name());
    if (!names.empty()) {
      throw usage("vigor-eval " + app.get_name() + " has no " + printable(extra[0]),
                  suggestion(extra[0], names,
                             "see vigor-eval " + app.get_name() + " --help for what it has"));
    }
    throw usage("unexpected argument " + printable(extra[0]),
                "see vigor-eval " + app.get_name() + " --help");
  }
  const std::string name = option->substr(0, option->find('='));
  std::vector<std::string> known;
  for (const CLI::Option* one : app.get_options()) {
    for (const std::string& flag : one->get_lnames()) known.push_back("--" + flag);
  }
  throw usage("unknown option " + printable(name),
              suggestion(name, known, "see vigor-eval " + app.get_name() + " --help"));
}

// The innermost command that was named.
Node* chosen(const std::vector<std::unique_ptr<Node>>& nodes) {
  for (const auto& node : nodes) {
    if (!node->app->parsed()) continue;
    Node* inner = chosen(node->children);
    return inner != nullptr ? inner : node.get();
  }
  return nullptr;
}

ExitCode dispatch(std::vector<std::unique_ptr<Command>> commands,
                  const std::vector<std::string>& arguments, const std::string& version,
                  CommandContext& context) {
  CLI::App app(
      "Measures how well a vision-language model is grounded in what it sees, and makes it "
      "better.",
      "vigor-eval");
  app.set_help_flag("-h,--help", "Show this help and exit");
  app.set_version_flag("--version", version, "Show the version and exit");
  app.footer(
      "vigor-eval COMMAND --help shows a command's options and examples.\n"
      "Exit codes: 0 done, 1 error, 2 usage, 3 regression, 4 inconclusive, 130 interrupted.");
  std::vector<std::unique_ptr<Node>> nodes;
  for (auto& command : commands) nodes.push_back(add_command(app, std::move(command)));
  // One command a start: what follows it may be a folder of the same name as another ("report
  // pope").
  app.require_subcommand(0, 1);
  reject_unknown_command(arguments, nodes);
  // CLI11 takes the arguments in reverse.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::Success& asked) {
    app.exit(asked, *context.console.out, *context.console.err);
    return ExitCode::kDone;
  } catch (const CLI::ParseError& error) {
    throw usage(
        printable(without_endless_range(error.what())),
        "see vigor-eval " + (arguments.empty() ? "" : printable(arguments[0]) + " ") + "--help");
  }
  Node* node = chosen(nodes);
  if (node == nullptr) {
    *context.console.err << app.help();
    return ExitCode::kUsage;
  }
  reject_unknown_options(*node->app);
  if (node->command->reads_config()) {
    context.config = node->config;
  } else if (!node->config.empty()) {
    merge_config(*node->app, node->config);
  }
  context.json = node->json;
  context.arguments = arguments;
  return node->command->run(context);
}

}  // namespace

void require_option(bool given, const std::string& option, const std::string& why) {
  if (!given) throw usage("missing " + option + ": " + why, "give " + option);
}

ExitCode run_program(std::vector<std::unique_ptr<Command>> commands,
                     const std::vector<std::string>& arguments, const std::string& version,
                     CommandContext context) {
  std::ostream& err = *context.console.err;
  try {
    const ExitCode code = dispatch(std::move(commands), arguments, version, context);
    if (!context.console.out->flush()) {
      throw Error({.what = "the result could not be written",
                   .where = "standard output",
                   .cause = "the disk is full, or the reader of the pipe has gone"});
    }
    return code;
  } catch (const Error& error) {
    err << error_block(error) << std::flush;
    return error.parts().exit_code;
  } catch (const std::bad_alloc&) {
    err << error_block(
               Error({.what = "out of memory",
                      .fix = "use --dtype bfloat16, fewer --batch-images, or a larger machine"}))
        << std::flush;
  } catch (const std::exception& error) {
    err << error_block(
               Error({.what = "unexpected failure: " + printable(error.what()),
                      .fix = "this is a bug of vigor-eval: please report it with the command "
                             "and this text"}))
        << std::flush;
  }
  return ExitCode::kError;
}

}  // namespace vigor
