auto value = nlohmann::json::parse(text);
