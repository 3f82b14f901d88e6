from exporter.web.landing.markup import Html, element, joined, void_element


def test_text_is_escaped_and_html_is_not() -> None:
    assert joined("<b>", Html("<i>")) == "&lt;b&gt;<i>"


def test_elements_nest_without_being_escaped_twice() -> None:
    inner = element("b", "a & b")

    assert element("p", inner, "<") == "<p><b>a &amp; b</b>&lt;</p>"


def test_attributes_are_escaped_and_left_out_when_empty() -> None:
    made = void_element("input", class_='"><script>', data_label="x", value="")

    assert made == '<input class="&quot;&gt;&lt;script&gt;" data-label="x">'
