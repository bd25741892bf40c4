def noted(get_response):
    return get_response
