create or replace macro channel_is_assistant(source) as
    source in (
        'chatgpt.com', 'www.chatgpt.com', 'chat.openai.com', 'www.chat.openai.com', 'claude.ai', 'www.claude.ai',
        'gemini.google.com', 'www.gemini.google.com', 'copilot.microsoft.com', 'www.copilot.microsoft.com',
        'perplexity.ai', 'www.perplexity.ai', 'chat.deepseek.com', 'www.chat.deepseek.com', 'grok.com', 'www.grok.com',
        'meta.ai', 'www.meta.ai', 'chat.mistral.ai', 'www.chat.mistral.ai'
    );

comment on macro channel_is_assistant is 'Whether a source, in lower case, is the exact host of an AI assistant people chat with.';
