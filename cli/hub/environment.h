// What the environment says of the hub: the variables of huggingface_hub, read as it reads them.
#pragma once

#include <string>

namespace janus::hub {

// Empty where it is not set.
std::string variable(const char* name);
// 1, on, yes or true, in any case: what switches a variable of huggingface_hub on.
bool is_on(const std::string& value);

// A variable that holds a path, with ~, ~name, $NAME and ${NAME} replaced where they mean something; empty
// where it is not set.
std::string path_variable(const char* name);

// $HF_HOME, $XDG_CACHE_HOME/huggingface or ~/.cache/huggingface: the first whose variable is set. Empty where
// the user has no home either.
std::string hugging_face_home();

// "$HF_HUB_OFFLINE" or "$TRANSFORMERS_OFFLINE", whichever forbids the network; empty where none does. The
// second counts where the first is not set.
std::string offline_variable();

// The variables that libcurl takes a proxy for `url` from, and that are set: "$https_proxy"; empty where
// none is. Their values may hold passwords and are nobody's to print.
std::string proxy_variable(const std::string& url);

}  // namespace janus::hub
