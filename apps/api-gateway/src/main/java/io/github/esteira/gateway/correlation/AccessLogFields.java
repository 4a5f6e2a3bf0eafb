package io.github.esteira.gateway.correlation;

import java.util.LinkedHashMap;
import java.util.Map;

import jakarta.servlet.http.HttpServletRequest;

/** What handlers add to their request's line in the access log. */
public final class AccessLogFields {

	private static final String ATTRIBUTE = AccessLogFields.class.getName();

	private AccessLogFields() {
	}

	/** Adds a field, whose name is dotted as in the Elastic Common Schema. */
	public static void add(HttpServletRequest request, String name, Object value) {
		Map<String, Object> fields = new LinkedHashMap<>(of(request));
		fields.put(name, value);
		request.setAttribute(ATTRIBUTE, fields);
	}

	@SuppressWarnings("unchecked") // nobody else sets this attribute
	static Map<String, Object> of(HttpServletRequest request) {
		return request.getAttribute(ATTRIBUTE) instanceof Map<?, ?> fields ? (Map<String, Object>) fields : Map.of();
	}

}
